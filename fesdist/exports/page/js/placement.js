// Where the model's frame lies on a photograph: its middle, the length of its side, its turn (radians), and where the
// face has its lips, as seen from its eyes: the drop, 1 for a face like the model's.

const UPRIGHT = { real: 1, imaginary: 0 };

class Placement {
  constructor(x, y, side, turn, shape, drop = UPRIGHT) {
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
  static fromEyes(left, right, eyes, shape, drop = UPRIGHT) {
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

  // The same eyes, and the lips of the frame there on the photograph; as it is where no face has them.
  withLips(at, eyes, lips) {
    const toAxis = (place) => {
      const x = (place[0] - eyes.left[0]) * this.shape.cols;
      const y = (place[1] - eyes.left[1]) * this.shape.rows;
      const [cos, sin] = [Math.cos(this.shape.axis), Math.sin(this.shape.axis)];
      return { along: cos * x + sin * y, away: cos * y - sin * x };
    };
    const unit = this.side / this.shape.cols;
    const [left, right] = [this.toPhoto(...eyes.left), this.toPhoto(...eyes.right)];
    const angle = this.turn + this.shape.axis;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const [dx, dy] = [at.x - left.x, at.y - left.y];
    const frame = toAxis(lips);
    const drop = {
      real: (cos * dy - sin * dx) / (unit * frame.away),
      imaginary: -((cos * dx + sin * dy) / unit - frame.along) / frame.away,
    };
    if (drop.real < 0.5 || drop.real > 2 || Math.abs(drop.imaginary) > 0.5) return this;
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
