// Where the model's frame lies on a photograph: its middle, the length of its side, its turn (radians), and where the
// face has its lips, as seen from its eyes: the drop, 1 for a face like the model's.

const USUAL_DROP = { real: 1, imaginary: 0 };

// How far (x, y) leads along a line of that angle, and away from it.
function fromAxis(x, y, angle) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { along: cos * x + sin * y, away: cos * y - sin * x };
}

class Placement {
  constructor(x, y, side, turn, shape, drop = USUAL_DROP) {
    this.x = x;
    this.y = y;
    this.side = side; // width of the frame in pixels of the photograph
    this.turn = turn;
    this.shape = shape; // rows and columns of the model, and the angle of its line of eyes
    this.drop = drop;
    // What leads along the line of the eyes is turned; what leads away from it is stretched and leans as well.
    const [cos, sin] = [Math.cos(shape.axis), Math.sin(shape.axis)];
    const [cosAll, sinAll] = [Math.cos(turn + shape.axis), Math.sin(turn + shape.axis)];
    const lead = (along, away) => {
      const a = along - drop.imaginary * away;
      const b = drop.real * away;
      return { x: cosAll * a - sinAll * b, y: sinAll * a + cosAll * b };
    };
    this.right = lead(cos, -sin); // where a step to the right in the frame leads
    this.down = lead(sin, cos);
  }

  // Whether nothing is turned or stretched.
  get plain() {
    return this.turn === 0 && this.drop.real === 1 && this.drop.imaginary === 0;
  }

  get height() {
    return (this.side * this.shape.rows) / this.shape.cols;
  }

  // The whole photograph where that has the frame's proportions; else the middle, a little above its centre.
  static start(photo, shape) {
    const proportion = (photo.width / photo.height) * (shape.rows / shape.cols);
    if (Math.abs(proportion - 1) < 0.01) return new Placement(photo.width / 2, photo.height / 2, photo.width, 0, shape);
    const side = 0.8 * Math.min(photo.width, (photo.height * shape.cols) / shape.rows);
    return new Placement(photo.width / 2, photo.height * 0.46, side, 0, shape);
  }

  // The frame whose eyes are there: a similarity is given by two points.
  static fromEyes(left, right, eyes, shape, drop = USUAL_DROP) {
    const across = (eyes.right[0] - eyes.left[0]) * shape.cols;
    const down = (eyes.right[1] - eyes.left[1]) * shape.rows;
    const scale = Math.hypot(right.x - left.x, right.y - left.y) / Math.hypot(across, down);
    const turn = Math.atan2(right.y - left.y, right.x - left.x) - Math.atan2(down, across);
    const placed = new Placement(0, 0, scale * shape.cols, turn, shape, drop);
    const middle = placed.toPhoto((eyes.left[0] + eyes.right[0]) / 2, (eyes.left[1] + eyes.right[1]) / 2);
    placed.x = (left.x + right.x) / 2 - middle.x;
    placed.y = (left.y + right.y) / 2 - middle.y;
    return placed;
  }

  with(changes) {
    const { x, y, side, turn, drop } = { ...this, ...changes };
    return new Placement(x, y, side, turn, this.shape, drop);
  }

  // The same eyes, and the lips of the model there on the photograph; as it is where no face has them.
  withLips(at, { eyes, lips, drops }) {
    const { rows, cols, axis } = this.shape;
    const [left, right] = [this.toPhoto(...eyes.left), this.toPhoto(...eyes.right)];
    const unit = this.side / cols;
    const expected = fromAxis((lips[0] - eyes.left[0]) * cols, (lips[1] - eyes.left[1]) * rows, axis);
    const seen = fromAxis((at.x - left.x) / unit, (at.y - left.y) / unit, this.turn + axis);
    const drop = { real: seen.away / expected.away, imaginary: (expected.along - seen.along) / expected.away };
    if (drop.real < drops.shortest || drop.real > drops.longest || Math.abs(drop.imaginary) > drops.askew) return this;
    return Placement.fromEyes(left, right, eyes, this.shape, drop);
  }

  // From parts of the frame, 0..1 from its upper left corner, to pixels of the photograph.
  toPhoto(across, down) {
    const dx = (across - 0.5) * this.side;
    const dy = (down - 0.5) * this.height;
    const { right, down: below } = this;
    return { x: this.x + right.x * dx + below.x * dy, y: this.y + right.y * dx + below.y * dy };
  }

  toFrame(x, y) {
    const { xx, xy, yx, yy } = this.inverse;
    const dx = x - this.x;
    const dy = y - this.y;
    return { across: (xx * dx + xy * dy) / this.side + 0.5, down: (yx * dx + yy * dy) / this.height + 0.5 };
  }

  // How far to the right and down in the frame steps of the photograph lead.
  get inverse() {
    const { right, down } = this;
    const area = right.x * down.y - right.y * down.x;
    return { xx: down.y / area, xy: -down.x / area, yx: -right.y / area, yy: right.x / area };
  }

  get corners() {
    return [this.toPhoto(0, 0), this.toPhoto(1, 0), this.toPhoto(1, 1), this.toPhoto(0, 1)];
  }

  // Whether nothing of the photograph lies outside the frame: then there is no border to be hidden.
  covers(photo) {
    return [[0, 0], [photo.width, 0], [0, photo.height], [photo.width, photo.height]].every(([x, y]) => {
      const { across, down } = this.toFrame(x, y);
      const slack = 0.5 / this.side;
      return across >= -slack && down >= -slack && across <= 1 + slack && down <= 1 + slack;
    });
  }

  zoomed(factor, at, photo) {
    const side = Math.min(Math.max(this.side * factor, 24), 4 * Math.max(photo.width, photo.height));
    const share = side / this.side;
    return this.with({ side, x: at.x + (this.x - at.x) * share, y: at.y + (this.y - at.y) * share });
  }

  turned(angle, at) {
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    const dx = this.x - at.x;
    const dy = this.y - at.y;
    return this.with({ turn: this.turn + angle, x: at.x + cos * dx - sin * dy, y: at.y + sin * dx + cos * dy });
  }

  moved(dx, dy, photo) {
    const within = (value, length) => Math.min(Math.max(value, 0), length);
    return this.with({ x: within(this.x + dx, photo.width), y: within(this.y + dy, photo.height) });
  }

  onScale(factor) {
    return this.with({ x: this.x * factor, y: this.y * factor, side: this.side * factor });
  }
}
