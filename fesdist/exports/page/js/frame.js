// The frame on the picture: rings for the eyes, and for lips if the model has a place for them, moved by mouse, fingers
// and keys.

class FrameMarks {
  // place: gets each new placement; the marks lie in an SVG over the picture, in the photograph's pixels.
  constructor(svg, model, place) {
    const { eyes, lips } = model;
    this.svg = svg;
    this.model = model;
    this.places = lips ? { ...eyes, lips } : eyes;
    this.place = place;
    this.square = svg.querySelector(".square");
    this.rings = Object.fromEntries(Object.keys(this.places).map((name) => [name, svg.querySelector(`.${name}`)]));
    if (!lips) svg.querySelector(".lips").remove();
    this.pointers = new Map();
    svg.addEventListener("pointerdown", (event) => this.down(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, (event) => this.up(event));
    svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    for (const [name, ring] of Object.entries(this.rings)) {
      ring.addEventListener("keydown", (event) => this.key(event, name));
    }
  }

  show(photo, placement) {
    this.photo = photo;
    this.placement = placement;
    this.svg.setAttribute("viewBox", `0 0 ${photo.width} ${photo.height}`);
    this.square.setAttribute("points", placement.corners.map(({ x, y }) => `${x},${y}`).join(" "));
    const radius = 0.055 * placement.side;
    for (const [name, ring] of Object.entries(this.rings)) {
      const { x, y } = placement.toPhoto(...this.places[name]);
      ring.setAttribute("transform", `translate(${x} ${y}) rotate(${(placement.turn * 180) / Math.PI}) scale(${radius})`);
    }
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.photo.width,
      y: ((event.clientY - box.top) / box.height) * this.photo.height,
    };
  }

  down(event) {
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    const at = this.at(event);
    this.pointers.set(event.pointerId, at);
    const reach = Math.max(0.11 * this.placement.side, (26 / this.svg.getBoundingClientRect().width) * this.photo.width);
    const near = (name) => {
      const { x, y } = this.placement.toPhoto(...this.places[name]);
      return Math.hypot(at.x - x, at.y - y);
    };
    const nearest = Object.keys(this.rings).reduce((best, name) => (near(name) < near(best) ? name : best));
    this.held = this.pointers.size === 1 && near(nearest) < reach ? nearest : null;
    if (this.held) this.rings[this.held].focus({ preventScroll: true });
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const at = this.at(event);
    if (this.pointers.size === 1) {
      if (this.held) this.moveRing(this.held, at.x - before.x, at.y - before.y);
      else this.place(this.placement.moved(at.x - before.x, at.y - before.y, this.photo));
    } else {
      this.pinch(event.pointerId, before, at);
    }
    this.pointers.set(event.pointerId, at);
  }

  pinch(id, before, at) {
    const other = [...this.pointers].find(([key]) => key !== id)[1];
    const length = (point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
    const angle = (point) => Math.atan2(point.y - other.y, point.x - other.x);
    const zoomed = this.placement.zoomed(length(at) / length(before), other, this.photo);
    this.place(zoomed.turned(angle(at) - angle(before), other));
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    this.held = null;
  }

  wheel(event) {
    event.preventDefault();
    const amount = event.deltaY || event.deltaX;
    const at = this.at(event);
    if (event.shiftKey) this.place(this.placement.turned(amount * 0.0006, at));
    else this.place(this.placement.zoomed(Math.exp(amount * -0.0012), at, this.photo));
  }

  key(event, name) {
    const step = this.placement.side / (event.shiftKey ? 20 : 100);
    const steps = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (!steps[event.key]) return;
    event.preventDefault();
    this.moveRing(name, ...steps[event.key]);
  }

  // Lips go along with the eyes, and stay where they are seen from them.
  moveRing(name, dx, dy) {
    const { placement } = this;
    const at = (place) => placement.toPhoto(...place);
    if (name === "lips") {
      const { x, y } = at(this.places.lips);
      this.place(placement.withLips({ x: x + dx, y: y + dy }, this.model));
      return;
    }
    const eyes = { left: at(this.model.eyes.left), right: at(this.model.eyes.right) };
    eyes[name] = { x: eyes[name].x + dx, y: eyes[name].y + dy };
    if (Math.hypot(eyes.right.x - eyes.left.x, eyes.right.y - eyes.left.y) < 8) return;
    this.place(Placement.fromEyes(eyes.left, eyes.right, this.model.eyes, placement.shape, placement.drop));
  }
}
