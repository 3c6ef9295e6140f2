// The camera: mirrored, as people know themselves, a canvas that is redrawn for every frame.

const LIVE = 480; // longest side of what is shown live; what is taken has all pixels of the camera

class Camera {
  constructor() {
    this.video = document.createElement("video");
    this.video.playsInline = true;
    this.video.muted = true;
    this.stream = null;
  }

  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Trouble(
        "This browser does not let a page that was opened from a file use the camera. Choose a photograph instead.",
      );
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } },
        audio: false,
      });
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.stop();
      throw new Trouble(sentenceFor(error));
    }
    return this.picture(Math.min(1, LIVE / Math.max(this.video.videoWidth, this.video.videoHeight)));
  }

  // What the camera sees now, at a part of its size.
  picture(scale) {
    const { videoWidth, videoHeight } = this.video;
    const photo = blankPhoto(Math.round(videoWidth * scale), Math.round(videoHeight * scale), "camera");
    this.draw(photo);
    return photo;
  }

  draw(photo) {
    const { context, width, height } = photo;
    context.setTransform(-1, 0, 0, 1, width, 0);
    context.drawImage(this.video, 0, 0, width, height);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }
}

function sentenceFor(error) {
  if (error.name === "NotAllowedError") {
    return "The camera was not allowed. Allow it in the browser's address bar, or choose a photograph instead.";
  }
  if (error.name === "NotFoundError") return "There is no camera here. Choose a photograph instead.";
  return "The camera is busy or cannot be used. Close other programs that use it, or choose a photograph instead.";
}
