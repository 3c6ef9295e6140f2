// Interpolation between pixels: Keys's cubic at 64 positions, as the models are applied elsewhere.

const PARTS = 64;

function cubicTable(a) {
  const table = new Float32Array(PARTS * 4);
  for (let part = 0; part < PARTS; part++) {
    const t = part / PARTS;
    const far = (x) => a * (x * x * x - 5 * x * x + 8 * x - 4);
    const near = (x) => (a + 2) * x * x * x - (a + 3) * x * x + 1;
    table.set([far(1 + t), near(t), near(1 - t), far(2 - t)], 4 * part);
  }
  return table;
}

const SHARP = cubicTable(-0.75); // photographs that are moved
const SMOOTH = cubicTable(-0.5); // changes that are enlarged

// Planes moved: output pixel p shows what is at p + moves(p); beyond the edge the edge goes on.
function movedPlanes(planes, rows, cols, down, right) {
  const size = rows * cols;
  const made = new Float32Array(planes.length);
  const places = new Int32Array(16);
  const shares = new Float32Array(16);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++, at++) {
      const atRow = Math.round((row + down[at]) * PARTS);
      const atCol = Math.round((col + right[at]) * PARTS);
      const firstRow = (atRow >> 6) - 1;
      const firstCol = (atCol >> 6) - 1;
      for (let k = 0; k < 4; k++) {
        const line = Math.min(Math.max(firstRow + k, 0), rows - 1) * cols;
        const share = SHARP[(atRow & 63) * 4 + k];
        for (let l = 0; l < 4; l++) {
          places[4 * k + l] = line + Math.min(Math.max(firstCol + l, 0), cols - 1);
          shares[4 * k + l] = share * SHARP[(atCol & 63) * 4 + l];
        }
      }
      for (let start = 0; start < planes.length; start += size) {
        let sum = 0;
        for (let k = 0; k < 16; k++) sum += shares[k] * planes[start + places[k]];
        made[start + at] = sum;
      }
    }
  }
  return made;
}
