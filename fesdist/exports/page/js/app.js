// The page: what happens when somebody chooses a photograph, moves a slider, or holds the picture.

const ALIGNED = 512; // small square pictures were cut to the face already

const find = (id) => document.getElementById(id);

class App {
  constructor(model) {
    this.model = model;
    const [left, right] = [model.eyes.left, model.eyes.right];
    const axis = Math.atan2((right[1] - left[1]) * model.rows, (right[0] - left[0]) * model.cols);
    this.shape = { rows: model.rows, cols: model.cols, axis };
    this.mixer = new Mixer(model);
    this.cropper = new Cropper(this.shape);
    this.view = new View(find("picture"), this.shape);
    this.preview = new Preview(find("preview"), this.shape);
    this.marks = new FrameMarks(find("marks"), model, (placement) => this.placeAt(placement));
    this.sliders = new Sliders(find("sliders"), model.expressions, () => this.refresh());
    this.camera = new Camera();
    this.live = false;
    this.pending = 0;
    document.body.classList.toggle("with-lips", Boolean(model.lips));
    this.listen();
  }

  // What is shown.

  use(photo, adjusting) {
    this.photo = photo;
    this.placement = Placement.start(photo, this.shape);
    this.view.show(photo);
    this.see();
    this.adjust(adjusting && !(this.placement.covers(photo) && photo.width <= ALIGNED));
    find("stage").style.setProperty("--proportion", photo.width / photo.height);
    this.tell(photo.shrunk ? "This photograph is very large; it was made smaller to fit this browser." : "");
  }

  see() {
    this.mixer.see(this.cropper.crop(this.photo.canvas, this.placement));
    this.refresh();
  }

  placeAt(placement) {
    this.placement = placement;
    this.see();
  }

  refresh() {
    this.marks.show(this.photo, this.placement);
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw(true);
    });
  }

  // Around a face that is only a part of the photograph there is more than the model has seen.
  mixed() {
    return this.mixer.mix(this.sliders.values, !this.placement.covers(this.photo));
  }

  draw(quick) {
    const start = performance.now();
    const mixed = this.mixed();
    this.view.draw(this.placement, mixed, quick);
    if (this.view.fitting) this.preview.draw(this.mixer.face, mixed);
    document.documentElement.dataset.milliseconds = (performance.now() - start).toFixed(1);
    clearTimeout(this.resting);
    if (quick && !this.live) this.resting = setTimeout(() => this.draw(false), 140);
  }

  adjust(on) {
    document.body.classList.toggle("adjusting", on);
    find("adjust").setAttribute("aria-pressed", on);
    this.view.fitting = on;
    this.refresh();
  }

  tell(text, isTrouble = false) {
    const message = find("message");
    message.textContent = text;
    message.classList.toggle("trouble", isTrouble);
    message.hidden = !text;
  }

  async attempt(work) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      this.tell(error.message, true);
    }
  }

  // Where photographs come from.

  openFile(file) {
    return this.attempt(async () => {
      const photo = await photoFromFile(file);
      this.stopCamera();
      this.use(photo, true);
    });
  }

  openSample(image) {
    return this.attempt(async () => {
      const photo = await photoFromElement(image);
      this.stopCamera();
      this.use(photo, false);
    });
  }

  startCamera() {
    return this.attempt(async () => {
      const photo = await this.camera.start();
      this.live = true;
      document.body.classList.add("live");
      this.use(photo, false);
      this.tell("Bring your face into the rings.");
      const frame = () => {
        if (!this.live) return;
        this.camera.draw(photo);
        this.view.show(photo);
        this.mixer.see(this.cropper.crop(photo.canvas, this.placement));
        this.draw(true);
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
  }

  takePicture() {
    const photo = this.camera.picture(1);
    this.stopCamera();
    this.placement = this.placement.onScale(photo.width / this.photo.width);
    this.photo = photo;
    this.view.show(photo);
    this.see();
    this.tell("If it does not look right, press “Place the face” and drag the rings onto the face.");
  }

  stopCamera() {
    this.camera.stop();
    this.live = false;
    document.body.classList.remove("live");
    this.tell("");
  }

  // Before and after.

  hold(on) {
    if (this.view.before === on) return;
    this.view.before = on;
    document.body.classList.toggle("before", on);
    this.draw(false);
  }

  setSplit(part) {
    this.view.split = part;
    document.body.classList.toggle("split", part !== null);
    find("compare").setAttribute("aria-pressed", part !== null);
    if (part !== null) find("stage").style.setProperty("--split", part);
    this.refresh();
  }

  // Saving.

  async save(share) {
    find("save").disabled = true;
    await new Promise((painted) => setTimeout(painted, 30));
    const strengths = this.sliders.values;
    const blob = await fullSize(this.photo, this.placement, this.shape, this.mixed());
    const name = nameOf(this.photo, this.model.expressions, strengths);
    const file = share ? shareable(blob, name) : null;
    if (file) await navigator.share({ files: [file] }).catch(() => {});
    else download(blob, name);
    find("save").disabled = false;
  }

  listen() {
    const clicked = (id, work) => find(id).addEventListener("click", work);
    clicked("choose", () => find("file").click());
    find("file").addEventListener("change", ({ target }) => {
      if (target.files.length) this.openFile(target.files[0]);
      target.value = "";
    });
    clicked("use-camera", () => (this.live ? this.stopAndKeep() : this.startCamera()));
    clicked("take", () => this.takePicture());
    clicked("save", () => this.save(false));
    clicked("share", () => this.save(true));
    find("share").hidden = !shareable(new Blob(["x"]), "x.png");
    clicked("reset", () => {
      this.sliders.reset();
      this.refresh();
    });
    clicked("adjust", () => this.adjust(!document.body.classList.contains("adjusting")));
    clicked("done", () => this.adjust(false));
    clicked("compare", () => this.setSplit(this.view.split === null ? 0.5 : null));
    find("divider").addEventListener("input", ({ target }) => this.setSplit(target.valueAsNumber / 100));
    for (const [id, change] of Object.entries(ADJUSTMENTS)) {
      clicked(id, () => this.placeAt(change(this.placement, this.photo)));
    }
    for (const button of document.querySelectorAll("#samples button")) {
      button.addEventListener("click", () => this.openSample(button.firstElementChild));
    }
    this.listenToPicture(find("picture"));
    listenForFiles((file) => this.openFile(file));
    addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.adjust(false);
      if (event.key === "b" && !event.ctrlKey && !event.metaKey) this.hold(true);
    });
    addEventListener("keyup", (event) => event.key === "b" && this.hold(false));
  }

  // Held, the picture is what it was; with before and after beside each other, the line between them is dragged.
  listenToPicture(picture) {
    const drag = ({ clientX }) => {
      const box = picture.getBoundingClientRect();
      const part = Math.min(Math.max((clientX - box.left) / box.width, 0), 1);
      find("divider").value = 100 * part;
      this.setSplit(part);
    };
    picture.addEventListener("pointerdown", (event) => {
      picture.setPointerCapture(event.pointerId);
      if (this.view.split === null) this.hold(true);
      else drag(event);
    });
    picture.addEventListener("pointermove", (event) => {
      if (event.buttons && this.view.split !== null) drag(event);
    });
    for (const end of ["pointerup", "pointercancel"]) picture.addEventListener(end, () => this.hold(false));
    picture.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  stopAndKeep() {
    this.stopCamera();
    this.openSample(document.querySelector("#samples img"));
  }
}

const ADJUSTMENTS = {
  smaller: (placement) => placement.zoomed(1 / 1.06, placement, { width: 1e9, height: 1e9 }),
  larger: (placement, photo) => placement.zoomed(1.06, placement, photo),
  "turn-left": (placement) => placement.turned(-0.035, placement),
  "turn-right": (placement) => placement.turned(0.035, placement),
};

function listenForFiles(open) {
  let depth = 0;
  const dragging = (on) => document.body.classList.toggle("dragging", on);
  addEventListener("dragenter", () => dragging(++depth > 0));
  addEventListener("dragleave", () => dragging(--depth > 0));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    dragging(false);
    open(fileOf(event.dataTransfer));
  });
  addEventListener("paste", (event) => {
    const file = fileOf(event.clipboardData);
    if (file) open(file);
  });
}

// The first look: a drawn face that begins to smile.
async function welcome(app) {
  await app.openSample(document.querySelector("#samples img"));
  const liked = app.model.expressions.findIndex(({ name }) => /smil|happ/i.test(name));
  const k = Math.max(liked, 0);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const start = performance.now() + 500;
  for (let part = 0; part < 1; ) {
    const now = await new Promise(requestAnimationFrame);
    part = still ? 1 : Math.min(Math.max((now - start) / 900, 0), 1);
    if (app.sliders.touched) return;
    app.sliders.set(k, softly(part));
    app.refresh();
  }
}

let app;

async function begin() {
  if (typeof DecompressionStream === "undefined") {
    const message = find("message");
    message.textContent = "This browser is too old for this page. Any browser of the years since 2023 can show it.";
    message.hidden = false;
    return;
  }
  app = new App(await unpackModel());
  await welcome(app);
  document.body.classList.add("ready");
}

begin();
