// Sliders become one change and one displacement: expressions add up.

class Mixer {
  constructor(model) {
    this.model = model;
    this.changes = new Map();
    this.face = null;
  }

  see(face) {
    this.face = face;
    this.changes.clear();
  }

  changeOf(expression) {
    if (!this.changes.has(expression)) this.changes.set(expression, changeOf(this.model, expression, this.face));
    return this.changes.get(expression);
  }

  // strengths: a number for each expression; 0 leaves the photograph, 1 is what the model learned. With faceOnly hair and
  // background stay as they are.
  mix(strengths, faceOnly) {
    const { model } = this;
    const wanted = model.expressions.map((expression, k) => [expression, strengths[k]]).filter(([, s]) => s !== 0);
    const size = model.rows * model.cols;
    const change = new Float32Array(3 * size);
    const moves = model.moves && wanted.length ? totalMoves(wanted, size) : null;
    if (faceOnly && moves) masked([moves.down, moves.right], model.face);
    for (const [expression, strength] of wanted) {
      const own = moves ? this.followed(expression, moves, wanted.length === 1 && strength === 1 && !faceOnly) : this.changeOf(expression);
      // A wider smile, not paler lips: beyond 1 only the shape goes on.
      const share = moves ? Math.min(strength, 1) : strength;
      for (let at = 0; at < change.length; at++) change[at] += share * own[at];
    }
    if (faceOnly) masked([0, 1, 2].map((channel) => change.subarray(channel * size, (channel + 1) * size)), model.face);
    return { change, moves };
  }

  // A change was made of a face that its own expression had moved; it goes along to where the mix moves that face.
  followed(expression, moves, staysThere) {
    const own = this.changeOf(expression);
    if (staysThere) return own;
    const { rows, cols } = this.model;
    const down = moves.down.map((value, at) => value - expression.moves.down[at]);
    const right = moves.right.map((value, at) => value - expression.moves.right[at]);
    return movedPlanes(own, rows, cols, down, right);
  }
}

function totalMoves(wanted, size) {
  const down = new Float32Array(size);
  const right = new Float32Array(size);
  for (const [expression, strength] of wanted) {
    for (let at = 0; at < size; at++) {
      down[at] += strength * expression.moves.down[at];
      right[at] += strength * expression.moves.right[at];
    }
  }
  return { down, right };
}

function masked(planes, mask) {
  for (const plane of planes) for (let at = 0; at < plane.length; at++) plane[at] *= mask[at];
}
