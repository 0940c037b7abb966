/** The page: input on the canvas, and the prediction of the network. */

const saved = JSON.parse(document.getElementById("network").textContent);
const layers = readLayers(saved);
const others = saved.others.map((member) => ({ member, layers: readLayers(member) }));
const canvas = document.getElementById("canvas");
const drawing = new Drawing(canvas);
const elements = Object.fromEntries(
  ["answer", "spoken", "seen", "outputs", "hidden", "pen", "file", "undo", "clear", "hint", "boxes"].map(
    (id) => [id, document.getElementById(id)],
  ),
);
// Pictures of clothes are not written side by side, and may be of several parts.
const isWriting = saved.classes.every((name) => [...name].length === 1);
const PEN_STEP = 14; // canvas pixels
const MOST_ROWS = 12; // classes that are all shown; of more, as many with the highest outputs
const QUIET = 600; // milliseconds without a change before the prediction is spoken
const pen = { x: canvas.width / 2, y: canvas.height / 2, down: false };
const rows = []; // of the outputs, by label
const units = new HiddenUnits(elements.hidden, saved, layers);
let waiting = 0;

/** Return what the first network sees of an image, its activations, and the mean outputs of all.
 * @param {number[]} pixels before the view */
function passed(pixels) {
  const seen = viewed(pixels, saved.shape, saved.view);
  const activations = feedforward(saved, layers, seen);
  const outputs = average([
    activations.at(-1),
    ...others.map((other) => {
      const itsPixels = viewed(pixels, saved.shape, other.member.view);
      return feedforward(other.member, other.layers, itsPixels).at(-1);
    }),
  ]);
  return { seen, activations, outputs };
}

const outputsOf = (pixels) => passed(pixels).outputs;
const highest = (outputs) => outputs.reduce((one, other) => Math.max(one, other));
const nameOf = ({ outputs }) => saved.classes[outputs.indexOf(highest(outputs))];

/** Show the input of the network and its prediction.
 * @param {number[]} pixels before the view @param {string[]} doubts
 * @param {string} [text] all that is read, where this is one digit of several
 * @param {string} [place] of this one among them */
function show(pixels, doubts = [], text = "", place = "") {
  const { seen, activations, outputs } = passed(pixels);
  const best = outputs.indexOf(highest(outputs));
  const unsure = outputs[best] < saved.leastConfidence ? ["unsure: no output reaches one half"] : [];
  const doubtful = doubts.length ? [`doubtful: ${doubts.join("; ")}`] : [];
  paintCells(elements.seen, seen.map((pixel) => pixel / 255));
  if (rows.length > MOST_ROWS) showHighest(outputs);
  rows.forEach((row, label) => {
    row.classList.toggle("best", label === best);
    row.querySelector("meter").value = outputs[label];
    row.querySelector("output").textContent = outputs[label].toFixed(3);
  });
  units.show(activations);
  const output = `${place}${outputs[best].toFixed(3)}`;
  say(text || saved.classes[best], output, [...doubtful, ...unsure]);
  return outputs;
}

/** Show several digits: all that is read, and the outputs for the least sure one.
 * @param {Placed[]} digits */
function showSeveral(digits) {
  const sure = digits.map(({ outputs }) => highest(outputs));
  const least = sure.indexOf(Math.min(...sure));
  const names = digits.map(nameOf);
  const doubts = new Set(digits.flatMap((digit) => digit.doubts));
  const place = `least sure: the ${names[least]}, digit ${least + 1} of ${digits.length}, `;
  show(digits[least].pixels, [...doubts], textOf(digits, names), place);
  showBoxes(elements.boxes, drawing, digits, names, least);
}

/** Show the rows of the highest outputs alone, the highest first. @param {number[]} outputs */
function showHighest(outputs) {
  const ranked = [...outputs.keys()].sort((one, other) => outputs[other] - outputs[one]);
  elements.outputs.replaceChildren(...ranked.slice(0, MOST_ROWS).map((label) => rows[label]));
}

function showNothing(words) {
  paintCells(elements.seen, []);
  rows.forEach((row) => {
    row.classList.remove("best");
    row.querySelector("meter").value = 0;
    row.querySelector("output").textContent = "";
  });
  units.show([]);
  say("", "", [words]);
}

/** Write the prediction now, and have it read aloud after a pause in the drawing. */
function say(name, output, remarks) {
  const [word, remark] = elements.answer.children;
  elements.answer.classList.toggle("doubtful", Boolean(name && remarks.length));
  word.textContent = name || "–";
  remark.textContent = [output, ...remarks].filter(Boolean).join(" · ");
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    elements.spoken.textContent = [name && `${name}, ${output}`, ...remarks].filter(Boolean).join(". ");
  }, QUIET);
}

/** @param {Grid} grey @returns {Placed[]} */
const findAll = (grey) => findDigits(grey, saved.shape, outputsOf, isWriting);

/** Predict what is on the canvas. */
function read() {
  elements.undo.disabled = elements.clear.disabled = drawing.isEmpty;
  elements.hint.hidden = !drawing.isEmpty;
  elements.boxes.replaceChildren();
  if (drawing.isEmpty) return showNothing("nothing drawn yet");
  const digits = findAll(drawing.grey());
  if (!digits.length) return showNothing("blank");
  return digits.length > 1 ? showSeveral(digits) : show(digits[0].pixels, digits[0].doubts);
}

let frame = 0;
/** Read once per frame, however many points arrive. */
function readSoon() {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(read);
}

/** @param {Blob | null | undefined} file */
async function take(file) {
  if (!file) return;
  try {
    drawing.show(await readPicture(file));
    read();
  } catch (error) {
    // A browser rejects a picture with this; any other error is a fault of this page.
    if (!(error instanceof DOMException)) throw error;
    // What was there before would look like the file that is being spoken of.
    clear();
    showNothing("this file is not a picture");
  }
}

/** @param {PointerEvent} event @returns {Point} */
function pointOf(event) {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary) return;
  canvas.setPointerCapture(event.pointerId);
  liftPen();
  drawing.penDown(pointOf(event));
  readSoon();
});
canvas.addEventListener("pointermove", (event) => {
  if (!canvas.hasPointerCapture(event.pointerId)) return;
  // A fast pen reports several points in one event.
  const events = event.getCoalescedEvents?.() ?? [];
  drawing.extend((events.length ? events : [event]).map(pointOf));
  readSoon();
});

function undo() {
  liftPen();
  drawing.undo();
  read();
}

function clear() {
  liftPen();
  drawing.clear();
  elements.file.value = "";
  read();
}

/** Lift the pen of the keyboard. */
function liftPen() {
  pen.down = false;
  movePen();
}

/** Show where the pen of the keyboard is. */
function movePen() {
  elements.pen.style.left = `${(100 * pen.x) / canvas.width}%`;
  elements.pen.style.top = `${(100 * pen.y) / canvas.height}%`;
  elements.pen.classList.toggle("down", pen.down);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

canvas.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key];
  if (!arrow && event.key !== " ") return;
  event.preventDefault();
  if (arrow) {
    const step = event.shiftKey ? PEN_STEP / 4 : PEN_STEP;
    pen.x = Math.min(Math.max(pen.x + step * arrow[0], 0), canvas.width);
    pen.y = Math.min(Math.max(pen.y + step * arrow[1], 0), canvas.height);
    if (pen.down) drawing.extend([{ x: pen.x, y: pen.y }]);
  } else {
    pen.down = !pen.down;
    if (pen.down) drawing.penDown({ x: pen.x, y: pen.y });
  }
  movePen();
  readSoon();
});
document.addEventListener("keydown", (event) => {
  const wantsUndo = event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey));
  if (wantsUndo) undo();
  else if (event.key === "Escape" || event.key === "Delete") clear();
  else return;
  event.preventDefault();
});
elements.undo.addEventListener("click", undo);
elements.clear.addEventListener("click", clear);
elements.file.addEventListener("change", () => take(elements.file.files[0]));
document.addEventListener("paste", (event) => take(event.clipboardData?.files[0]));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer?.files[0]);
});

/** Build a row for each class. */
function build() {
  [elements.seen.height, elements.seen.width] = saved.shape;
  for (const name of saved.classes) {
    const row = document.createElement("li");
    for (const tag of ["span", "meter", "output"]) row.append(document.createElement(tag));
    row.firstChild.textContent = name;
    row.querySelector("meter").setAttribute("aria-label", name);
    rows.push(row);
  }
  elements.outputs.append(...rows.slice(0, MOST_ROWS));
  if (rows.length > MOST_ROWS) elements.outputs.previousElementSibling.textContent = "Highest outputs";
  elements.hidden.parentElement.hidden = saved.sizes.length < 3;
}

build();
movePen();
read();

/** For other programs and for tests. outputs: pixels 0..255, row by row, to outputs. */
window.mlp = { outputs: (pixels) => Array.from(show([...pixels])), findDigit, findAll, readPicture };
