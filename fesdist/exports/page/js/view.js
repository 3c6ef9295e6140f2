// The picture on the page: quickly drawn while something moves, finely when it rests; before and after.

const FINE = 900; // longest side of what is drawn, in pixels
const QUICK = 384;

class View {
  constructor(canvas, shape) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.shape = shape;
    this.scratch = document.createElement("canvas");
    this.split = null; // part of the width that shows the photograph as it was
    this.before = false; // all of it, as long as somebody holds it
    this.fitting = false; // all of it, while the frame is being placed
  }

  show(photo) {
    this.photo = photo;
    this.levels = {};
    const { width, height } = this.level(FINE);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
  }

  // The photograph at one of the two sizes, which are one and the same for small ones.
  level(longest) {
    const { photo } = this;
    const scale = Math.min(1, longest / Math.max(photo.width, photo.height));
    if (scale === 1) longest = FINE;
    if (this.levels[longest]) return this.levels[longest];
    const width = Math.max(1, Math.round(photo.width * scale));
    const height = Math.max(1, Math.round(photo.height * scale));
    let { context } = photo;
    if (scale < 1) {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width, height });
      context = canvas.getContext("2d", { willReadFrequently: true });
      context.imageSmoothingQuality = "high";
      context.drawImage(photo.canvas, 0, 0, width, height);
    }
    const image = context.getImageData(0, 0, width, height);
    return (this.levels[longest] = { image, width, height, scale: width / photo.width });
  }

  draw(placement, mixed, quick) {
    const level = this.level(quick ? QUICK : FINE);
    const { image, width, height, scale } = level;
    const pixels = this.before || this.fitting
      ? image.data
      : composed(image.data, width, height, placement.onScale(scale), this.shape, mixed);
    const after = new ImageData(pixels, width, height);
    const kept = this.split === null ? 0 : Math.round(this.split * width);
    if (width === this.canvas.width) {
      this.context.putImageData(after, 0, 0);
      if (kept) this.context.putImageData(image, 0, 0, 0, 0, kept, height);
      return;
    }
    if (this.scratch.width !== width || this.scratch.height !== height) Object.assign(this.scratch, { width, height });
    const scratch = this.scratch.getContext("2d");
    scratch.putImageData(after, 0, 0);
    if (kept) scratch.putImageData(image, 0, 0, 0, 0, kept, height);
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(this.scratch, 0, 0, this.canvas.width, this.canvas.height);
  }
}
