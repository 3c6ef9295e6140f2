// The weights: text in the page becomes planes of numbers again (fesdist/exports/page/packing.py packs them).

async function unpackModel() {
  const model = JSON.parse(document.getElementById("model").textContent);
  const bytes = await inflated(document.getElementById("weights").textContent.trim());
  const size = model.rows * model.cols;
  const count = bytes.length / 2 / size;
  let next = 0;

  // Each number is told by what it differs by from left + above - above left; 0, 1, 2, 3 ... mean 0, -1, 1, -2 ...
  function plane(step) {
    const start = next++ * size;
    const high = count * size + start;
    const values = new Float32Array(size);
    for (let row = 0, at = 0; row < model.rows; row++) {
      let line = 0;
      for (let col = 0; col < model.cols; col++, at++) {
        const code = bytes[start + at] | (bytes[high + at] << 8);
        line += (code >>> 1) ^ -(code & 1);
        values[at] = line + (row > 0 ? values[at - model.cols] : 0);
      }
    }
    if (step !== 1) for (let at = 0; at < size; at++) values[at] /= step;
    return values;
  }

  function weightSet(expression) {
    const taps = Array.from({ length: expression.taps }, () => ({ weights: plane(model.step) }));
    const bias = plane(model.step);
    taps.forEach((tap, k) => {
      if (expression.offsets) tap.offset = expression.offsets[k];
      else tap.source = sourcesOf(plane(1), plane(1));
    });
    return { taps, bias };
  }

  function sourcesOf(down, right) {
    return Int32Array.from(down, (step, at) => at + step * model.cols + right[at]);
  }

  model.face = plane(255);
  for (const expression of model.expressions) {
    expression.sets = Array.from({ length: model.sets }, () => weightSet(expression));
    expression.moves = model.moves ? { down: plane(model.moveStep), right: plane(model.moveStep) } : null;
  }
  return model;
}

async function inflated(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
