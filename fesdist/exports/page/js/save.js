// The picture at the photograph's own size, as a PNG file, or handed to other programs on a phone.

function fullSize(photo, placement, shape, mixed) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: photo.width, height: photo.height });
  const image = photo.context.getImageData(0, 0, photo.width, photo.height);
  const pixels = composed(image.data, photo.width, photo.height, placement, shape, mixed);
  canvas.getContext("2d").putImageData(new ImageData(pixels, photo.width, photo.height), 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function nameOf(photo, expressions, strengths) {
  const shown = expressions.filter((_, k) => strengths[k] > 0).map((expression) => expression.name);
  return `${[photo.name, ...shown].join("-")}.png`;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function shareable(blob, name) {
  const file = new File([blob], name, { type: "image/png" });
  return navigator.canShare?.({ files: [file] }) ? file : null;
}
