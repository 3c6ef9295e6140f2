// A change and a displacement enlarged by a smooth cubic, so that between its points a straight line is enough.

const LARGEST_FACTOR = 4;
const VALUES = 5; // red, green, blue, down, right at each point

// unit: pixels of the photograph in one of the model. Whole pixels of the model are points of the lattice.
function latticeOf({ change, moves }, { rows, cols }, unit) {
  const factor = Math.min(Math.max(Math.round(unit), 1), LARGEST_FACTOR);
  const size = rows * cols;
  const planes = [0, 1, 2].map((channel) => change.subarray(channel * size, (channel + 1) * size));
  if (moves) planes.push(moves.down, moves.right);
  const height = factor * (rows - 1) + 1;
  const width = factor * (cols - 1) + 1;
  const wide = planes.map((plane) => widened(plane, rows, cols, width, factor));
  const values = new Float32Array(height * width * VALUES);
  for (let row = 0, at = 0; row < height; row++) {
    const { places, part } = pointsAround(row, factor, rows);
    const [l0, l1, l2, l3] = places.map((line) => line * width);
    const [s0, s1, s2, s3] = SMOOTH.subarray(part, part + 4);
    for (let k = 0; k < wide.length; k++) {
      const plane = wide[k];
      for (let col = 0, to = at + k; col < width; col++, to += VALUES) {
        values[to] = s0 * plane[l0 + col] + s1 * plane[l1 + col] + s2 * plane[l2 + col] + s3 * plane[l3 + col];
      }
    }
    at += width * VALUES;
  }
  return { values, height, width, factor };
}

function widened(plane, rows, cols, width, factor) {
  const made = new Float32Array(rows * width);
  for (let col = 0; col < width; col++) {
    const { places, part } = pointsAround(col, factor, cols);
    const [p0, p1, p2, p3] = places;
    const [s0, s1, s2, s3] = SMOOTH.subarray(part, part + 4);
    for (let row = 0, from = 0, to = col; row < rows; row++, from += cols, to += width) {
      made[to] = s0 * plane[from + p0] + s1 * plane[from + p1] + s2 * plane[from + p2] + s3 * plane[from + p3];
    }
  }
  return made;
}

// The four of `length` pixels around a point of the lattice, and where their shares are in the table.
function pointsAround(point, factor, length) {
  const first = Math.floor(point / factor);
  const places = [-1, 0, 1, 2].map((step) => Math.min(Math.max(first + step, 0), length - 1));
  return { places, part: 4 * Math.floor(((point % factor) * PARTS) / factor) };
}
