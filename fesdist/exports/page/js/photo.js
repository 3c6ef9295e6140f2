// Photographs: from a file, from what was dropped or pasted, drawn ones in the page, and the sentences when it fails.

const MOST_PIXELS = 16_000_000; // more than some phones can hold on a canvas

class Trouble extends Error {}

function blankPhoto(width, height, name) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return { canvas, context, width, height, name, shrunk: false };
}

function photoFrom(source, width, height, name) {
  const shrink = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  const photo = blankPhoto(Math.max(1, Math.round(width * shrink)), Math.max(1, Math.round(height * shrink)), name);
  const { canvas, context } = photo;
  context.fillStyle = "#ffffff"; // what is transparent lies on white
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = shrink < 1;
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  photo.shrunk = shrink < 1;
  return photo;
}

async function photoFromFile(file) {
  if (!file) throw new Trouble("Nothing that could be opened was dropped. Drop a photograph from your files.");
  let image;
  try {
    image = await createImageBitmap(file);
  } catch {
    const heic = /\.hei[cf]$/i.test(file.name || "");
    throw new Trouble(
      heic
        ? "This browser cannot open HEIC photographs. Save it as JPEG or PNG first, then choose that file."
        : `“${file.name || "What was pasted"}” is not a picture that this browser can open. Choose a JPEG, PNG or WebP file.`,
    );
  }
  const photo = photoFrom(image, image.width, image.height, (file.name || "photograph").replace(/\.[^.]*$/, ""));
  image.close();
  return photo;
}

async function photoFromElement(image) {
  await image.decode();
  return photoFrom(image, image.naturalWidth, image.naturalHeight, "drawn-face");
}

function fileOf(transfer) {
  const files = [...(transfer?.files ?? [])];
  return files.find((file) => file.type.startsWith("image/")) ?? files[0];
}
