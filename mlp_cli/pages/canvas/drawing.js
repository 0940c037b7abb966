/**
 * The content of the canvas: strokes, or a picture. Undo removes the last mark.
 * @typedef {{x: number, y: number}} Point  canvas pixels
 */

const { LUMINANCE } = IMAGES.reading;
const { MOST_SIDE } = IMAGES.reducing;
const [RED, GREEN, BLUE] = LUMINANCE;
const PEN = 1 / 24; // of the canvas: a small 0 stays open, and what is read has MNIST's strokes anyway

class Drawing {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    /** @type {Point[][]} */
    this.strokes = [];
    /** @type {{bitmap: ImageBitmap, grey: Grid} | null} */
    this.picture = null;
    this.paint();
  }

  get isEmpty() {
    return !this.strokes.length && !this.picture;
  }

  /** Put the pen down. A drawing starts on clean paper. @param {Point} point */
  penDown(point) {
    this.picture = null;
    this.strokes.push([point]);
    this.paint();
  }

  /** @param {Point[]} points */
  extend(points) {
    this.strokes.at(-1)?.push(...points);
    this.paint();
  }

  /** Start again with a picture, or with clean paper. @param {typeof this.picture} picture */
  show(picture) {
    this.strokes = [];
    this.picture = picture;
    this.paint();
  }

  undo() {
    if (this.picture) this.picture = null;
    else this.strokes.pop();
    this.paint();
  }

  clear() {
    this.show(null);
  }

  /** @returns {Grid} the picture's own pixels, or the canvas's */
  grey() {
    return this.picture?.grey ?? greyOf(this.context);
  }

  /** Return where a box of `grey` stands on the canvas, as fractions of its sides. */
  placeOf({ top, bottom, left, right }) {
    const { width, height } = this.canvas;
    const { rows, columns } = this.grey();
    const scale = Math.min(width / columns, height / rows);
    return {
      top: 0.5 + ((top - rows / 2) * scale) / height,
      left: 0.5 + ((left - columns / 2) * scale) / width,
      width: ((right - left) * scale) / width,
      height: ((bottom - top) * scale) / height,
    };
  }

  paint() {
    const { context, canvas } = this;
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (this.picture) this.paintPicture(this.picture.bitmap);
    context.fillStyle = context.strokeStyle = "black";
    context.lineWidth = PEN * canvas.width;
    context.lineCap = context.lineJoin = "round";
    for (const [first, ...others] of this.strokes) {
      // A line that leads nowhere is not drawn, so every stroke begins with a dot.
      context.beginPath();
      context.arc(first.x, first.y, context.lineWidth / 2, 0, 2 * Math.PI);
      context.fill();
      context.beginPath();
      context.moveTo(first.x, first.y);
      for (const point of others) context.lineTo(point.x, point.y);
      context.stroke();
    }
  }

  paintPicture(bitmap) {
    const { width, height } = this.canvas;
    const scale = Math.min(width / bitmap.width, height / bitmap.height);
    const [w, h] = [bitmap.width * scale, bitmap.height * scale];
    this.context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  }
}

/** Return the grey levels of a canvas; transparent pixels get a ground that differs from the
 * others. @returns {Grid} */
function greyOf(context) {
  const { data, width, height } = context.getImageData(0, 0, context.canvas.width, context.canvas.height);
  const light = (at) => RED * data[at] + GREEN * data[at + 1] + BLUE * data[at + 2];
  let [opaque, sum] = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    opaque += data[at + 3];
    sum += light(at) * data[at + 3];
  }
  const ground = sum > 127.5 * opaque ? 0 : 255;
  const made = grid(height, width);
  made.values.forEach((_, i) => {
    const opacity = data[4 * i + 3] / 255;
    made.values[i] = Math.round(light(4 * i) * opacity + ground * (1 - opacity));
  });
  return made;
}

/** Return a picture file's pixels, upright, no side above MOST_SIDE. Rejects a file that is not a picture.
 * @param {Blob} file */
async function readPicture(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, MOST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { bitmap, grey: greyOf(context) };
}
