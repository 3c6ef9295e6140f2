// The face as the model sees it: the part of the photograph in the frame, at the model's size, in 0..1.

const MOST_FINE = 8;

class Cropper {
  constructor(shape) {
    this.shape = shape;
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
  }

  // source: anything that can be drawn; scale: pixels of the source a pixel of the photograph.
  crop(source, placement, scale = 1) {
    const { rows, cols } = this.shape;
    const placed = placement.onScale(scale);
    // Drawn finer than needed, then averaged: no pixel of the photograph is passed over.
    const fine = Math.min(Math.max(Math.ceil((placed.side * Math.max(placed.drop.real, 1)) / cols), 1), MOST_FINE);
    const width = cols * fine;
    const height = rows * fine;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.context;
    const zoom = width / placed.side;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#808080";
    context.fillRect(0, 0, width, height);
    context.translate(width / 2, height / 2);
    context.scale(zoom, zoom);
    const { xx, xy, yx, yy } = placed.inverse;
    context.transform(xx, yx, xy, yy, 0, 0);
    context.translate(-placed.x, -placed.y);
    context.imageSmoothingEnabled = zoom !== 1 || !placed.plain;
    context.imageSmoothingQuality = "high";
    context.drawImage(source, 0, 0);
    return averaged(context.getImageData(0, 0, width, height).data, rows, cols, fine);
  }
}

function averaged(pixels, rows, cols, fine) {
  const size = rows * cols;
  const planes = new Float32Array(3 * size);
  const share = 1 / (255 * fine * fine);
  const stride = cols * fine * 4;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++, at++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let r = 0; r < fine; r++) {
        let from = (row * fine + r) * stride + col * fine * 4;
        for (let c = 0; c < fine; c++, from += 4) {
          red += pixels[from];
          green += pixels[from + 1];
          blue += pixels[from + 2];
        }
      }
      planes[at] = red * share;
      planes[at + size] = green * share;
      planes[at + 2 * size] = blue * share;
    }
  }
  return planes;
}
