// The photograph plus its change, at the photograph's own size: pores and hair stay as they were photographed.

const FEATHER = 0.07; // of the frame's side, along its border

// pixels: RGBA of the photograph (left as it is); the result is a copy with the change inside the frame.
function composed(pixels, width, height, placement, shape, mixed) {
  const made = new Uint8ClampedArray(pixels);
  const feathered = !placement.covers({ width, height });
  const { rows, cols } = shape;
  const unit = placement.side / cols; // pixels of the photograph in one of the model
  const lattice = latticeOf(mixed, shape, unit);
  const { values, factor } = lattice;
  const lastRow = lattice.height - 1;
  const lastCol = lattice.width - 1;
  const stride = lattice.width * VALUES;
  const { top, bottom, left, right } = boundsOf(placement.corners, width, height);
  const { xx, xy, yx, yy } = placement.inverse;
  const rightX = placement.right.x;
  const rightY = placement.right.y;
  const downX = placement.down.x;
  const downY = placement.down.y;
  const across = 1 / placement.side;
  const down = 1 / placement.height;
  const moving = mixed.moves !== null;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const dx = x + 0.5 - placement.x;
      const dy = y + 0.5 - placement.y;
      const u = (xx * dx + xy * dy) * across + 0.5;
      const v = (yx * dx + yy * dy) * down + 0.5;
      const near = Math.min(u, v, 1 - u, 1 - v);
      if (near < 0) continue;
      const weight = feathered && near < FEATHER ? softly(near / FEATHER) : 1;

      // Between four points of the lattice.
      const row = Math.min(Math.max((v * rows - 0.5) * factor, 0), lastRow);
      const col = Math.min(Math.max((u * cols - 0.5) * factor, 0), lastCol);
      const r = row | 0;
      const c = col | 0;
      const t = row - r;
      const s = col - c;
      const a = r * stride + c * VALUES;
      const b = c < lastCol ? a + VALUES : a;
      const below = r < lastRow ? stride : 0;
      const wa = weight * (1 - t) * (1 - s);
      const wb = weight * (1 - t) * s;
      const wc = weight * t * (1 - s);
      const wd = weight * t * s;
      const to = (y * width + x) * 4;
      let fromX = x;
      let fromY = y;
      if (moving) {
        const goDown = unit * (wa * values[a + 3] + wb * values[b + 3] + wc * values[a + below + 3] + wd * values[b + below + 3]);
        const goRight = unit * (wa * values[a + 4] + wb * values[b + 4] + wc * values[a + below + 4] + wd * values[b + below + 4]);
        fromX += rightX * goRight + downX * goDown;
        fromY += rightY * goRight + downY * goDown;
      }
      if (Math.abs(fromX - x) > 0.008 || Math.abs(fromY - y) > 0.008) {
        pick(pixels, width, height, fromX, fromY);
      } else {
        picked[0] = pixels[to];
        picked[1] = pixels[to + 1];
        picked[2] = pixels[to + 2];
      }
      for (let k = 0; k < 3; k++) {
        const change = wa * values[a + k] + wb * values[b + k] + wc * values[a + below + k] + wd * values[b + below + k];
        made[to + k] = picked[k] + 255 * change;
      }
    }
  }
  return made;
}

const picked = new Float32Array(3);

// The colour between pixels, by the sharp cubic; beyond the photograph its edge goes on.
function pick(pixels, width, height, x, y) {
  const atX = Math.round(x * PARTS);
  const atY = Math.round(y * PARTS);
  const partX = (atX & 63) * 4;
  const partY = (atY & 63) * 4;
  const firstX = (atX >> 6) - 1;
  const firstY = (atY >> 6) - 1;
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let k = 0; k < 4; k++) {
    const line = Math.min(Math.max(firstY + k, 0), height - 1) * width;
    const shareY = SHARP[partY + k];
    for (let l = 0; l < 4; l++) {
      const share = shareY * SHARP[partX + l];
      const from = 4 * (line + Math.min(Math.max(firstX + l, 0), width - 1));
      red += share * pixels[from];
      green += share * pixels[from + 1];
      blue += share * pixels[from + 2];
    }
  }
  picked[0] = red;
  picked[1] = green;
  picked[2] = blue;
}

function boundsOf(corners, width, height) {
  const x = corners.map((corner) => corner.x);
  const y = corners.map((corner) => corner.y);
  return {
    top: Math.max(0, Math.floor(Math.min(...y))),
    bottom: Math.min(height, Math.ceil(Math.max(...y))),
    left: Math.max(0, Math.floor(Math.min(...x))),
    right: Math.min(width, Math.ceil(Math.max(...x))),
  };
}

function softly(part) {
  if (part >= 1) return 1;
  return part * part * (3 - 2 * part);
}
