// Where the model's frame lies on a photograph: its middle, the length of its side, its turn (radians).

class Placement {
  constructor(x, y, side, turn, shape) {
    this.x = x;
    this.y = y;
    this.side = side; // width of the frame in pixels of the photograph
    this.turn = turn;
    this.shape = shape; // rows and columns of the model
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
  static fromEyes(left, right, eyes, shape) {
    const across = (eyes.right[0] - eyes.left[0]) * shape.cols;
    const down = (eyes.right[1] - eyes.left[1]) * shape.rows;
    const scale = Math.hypot(right.x - left.x, right.y - left.y) / Math.hypot(across, down);
    const turn = Math.atan2(right.y - left.y, right.x - left.x) - Math.atan2(down, across);
    const placed = new Placement(0, 0, scale * shape.cols, turn, shape);
    const middle = placed.toPhoto((eyes.left[0] + eyes.right[0]) / 2, (eyes.left[1] + eyes.right[1]) / 2);
    placed.x = (left.x + right.x) / 2 - middle.x;
    placed.y = (left.y + right.y) / 2 - middle.y;
    return placed;
  }

  with(changes) {
    return Object.assign(new Placement(this.x, this.y, this.side, this.turn, this.shape), changes);
  }

  // From parts of the frame, 0..1 from its upper left corner, to pixels of the photograph.
  toPhoto(across, down) {
    const dx = (across - 0.5) * this.side;
    const dy = (down - 0.5) * this.height;
    const cos = Math.cos(this.turn);
    const sin = Math.sin(this.turn);
    return { x: this.x + cos * dx - sin * dy, y: this.y + sin * dx + cos * dy };
  }

  toFrame(x, y) {
    const cos = Math.cos(this.turn);
    const sin = Math.sin(this.turn);
    const dx = x - this.x;
    const dy = y - this.y;
    return { across: (cos * dx + sin * dy) / this.side + 0.5, down: (cos * dy - sin * dx) / this.height + 0.5 };
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
