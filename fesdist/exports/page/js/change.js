// What an expression changes of a face: c = bias + sum of weights times input pixels, colour by colour.

// face: red, green and blue planes of the model's size, in 0..1; the result likewise, unclipped.
function changeOf(model, expression, face) {
  const { rows, cols } = model;
  const size = rows * cols;
  const seenRange = model.minMax ? rangeOf(face) : { low: 0, width: 1 };
  if (seenRange.width === 0) return new Float32Array(3 * size);
  let seen = expression.moves
    ? movedPlanes(face, rows, cols, expression.moves.down, expression.moves.right)
    : face;
  if (model.minMax) seen = seen.map((value) => (value - seenRange.low) / seenRange.width);
  // A face in another light is shown to the model in the one that it learned in.
  const { scale, shift } = model.light ? lightOf(model, face) : { scale: 1, shift: 0 };
  if (scale !== 1 || shift !== 0) {
    seen = seen.map((value) => Math.max(Math.min(scale * value + shift, Math.max(value, 1)), Math.min(value, 0)));
  }
  let change = new Float32Array(3 * size);
  for (let channel = 0; channel < 3; channel++) {
    const { taps, bias } = expression.sets[Math.min(channel, expression.sets.length - 1)];
    const input = seen.subarray(channel * size, (channel + 1) * size);
    const output = change.subarray(channel * size, (channel + 1) * size);
    output.set(bias);
    for (const tap of taps) {
      if (tap.offset) addWindowTap(output, input, tap.weights, tap.offset, rows, cols);
      else addTap(output, input, tap.weights, tap.source);
    }
  }
  if (model.minMax) change = change.map((value) => value * seenRange.width);
  if (scale !== 1) change = change.map((value) => value / scale);
  return expression.detail ? withoutFineChange(model, change, expression.moves === null) : change;
}

function addWindowTap(output, input, weights, [down, right], rows, cols) {
  const first = Math.max(0, -right);
  const last = Math.min(cols, cols - right);
  for (let row = Math.max(0, -down); row < Math.min(rows, rows - down); row++) {
    const line = row * cols;
    const step = down * cols + right;
    for (let at = line + first; at < line + last; at++) output[at] += weights[at] * input[at + step];
  }
}

function addTap(output, input, weights, source) {
  for (let at = 0; at < output.length; at++) output[at] += weights[at] * input[source[at]];
}

// By what a face becomes such as the model has learned from: scale times its values, and shift.
function lightOf({ rows, cols, area: [row0, row1, down, col0, col1, right], light }, face) {
  const size = rows * cols;
  const grays = [];
  for (let row = row0; row < row1; row += down) {
    for (let col = col0; col < col1; col += right) {
      const at = row * cols + col;
      grays.push((face[at] + face[at + size] + face[at + 2 * size]) / 3);
    }
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(grays);
  const brightness = Math.max(middle, light.darkest);
  const contrast = Math.max(Math.sqrt(mean(grays.map((gray) => (gray - middle) ** 2))), light.darkest);
  const scale = Math.max(1, light.brightness / brightness, light.contrast / contrast);
  return { scale, shift: Math.max(brightness, light.brightness) - scale * brightness };
}

function rangeOf(face) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of face) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, width: high - low };
}

// The photograph keeps its own fine detail: the change is made coarse, and gray where the face has moved; else the
// mouth may open.
function withoutFineChange(model, change, keepMouth) {
  const size = model.rows * model.cols;
  if (!keepMouth) return repeated(blurred(grayOf(change, size), model.rows, model.cols, model.fine));
  const coarse = blurred(change, model.rows, model.cols, model.fine);
  model.mouthMask ??= mouthMask(model);
  for (let at = 0; at < change.length; at++) {
    coarse[at] += model.mouthMask[at % size] * (change[at] - coarse[at]);
  }
  return coarse;
}

function grayOf(planes, size) {
  return planes
    .subarray(0, size)
    .map((red, at) => (19595 * red + 38470 * planes[at + size] + 7471 * planes[at + 2 * size]) / 65536);
}

function repeated(plane) {
  const made = new Float32Array(3 * plane.length);
  for (let channel = 0; channel < 3; channel++) made.set(plane, channel * plane.length);
  return made;
}

function mouthMask(model) {
  const [row0, row1, col0, col1] = model.mouth;
  const mask = new Float32Array(model.rows * model.cols);
  for (let row = row0; row < row1; row++) mask.fill(1, row * model.cols + col0, row * model.cols + col1);
  return blurred(mask, model.rows, model.cols, model.feather, 4);
}

function blurred(planes, rows, cols, sigma, cut = 3) {
  const reach = Math.ceil(cut * sigma);
  const weights = Float32Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const shares = weights.map((weight) => weight / sum);
  const made = new Float32Array(planes.length);
  const between = new Float32Array(rows * cols);
  for (let start = 0; start < planes.length; start += rows * cols) {
    along(planes.subarray(start, start + rows * cols), between, rows, cols, cols, 1, shares, reach);
    along(between, made.subarray(start, start + rows * cols), cols, rows, 1, cols, shares, reach);
  }
  return made;
}

function along(from, to, lines, length, stride, step, shares, reach) {
  for (let line = 0; line < lines; line++) {
    for (let at = 0; at < length; at++) {
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        const place = Math.min(Math.max(at + k, 0), length - 1);
        sum += shares[k + reach] * from[line * stride + place * step];
      }
      to[line * stride + at * step] = sum;
    }
  }
}
