// The face as it will be, small, while the frame is placed on the photograph.

class Preview {
  constructor(canvas, shape) {
    Object.assign(canvas, { width: shape.cols, height: shape.rows });
    this.context = canvas.getContext("2d");
    this.shape = shape;
    this.placement = new Placement(shape.cols / 2, shape.rows / 2, shape.cols, 0, shape);
  }

  // face: planes in 0..1, as a Cropper makes them.
  draw(face, mixed) {
    const { rows, cols } = this.shape;
    const size = rows * cols;
    const pixels = new Uint8ClampedArray(4 * size);
    for (let at = 0; at < size; at++) {
      for (let channel = 0; channel < 3; channel++) pixels[4 * at + channel] = 255 * face[at + channel * size];
      pixels[4 * at + 3] = 255;
    }
    const made = composed(pixels, cols, rows, this.placement, this.shape, mixed);
    this.context.putImageData(new ImageData(made, cols, rows), 0, 0);
  }
}
