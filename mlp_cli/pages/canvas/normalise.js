/** The digit in a picture, step by step from grey levels to MNIST's form. */

const { MOST_OFF_CENTRE } = IMAGES.placing;
const { MIN_CONTRAST, MIN_EXTENT, FAINT_INK, COARSE_EXTENT } = IMAGES.digit;
const AT_EDGE = "it touches the edge and may be cut off";
const SOLID = "no strokes but a solid shape";

/** Return the image and what makes it doubtful, or null for a blank picture.
 * @param {Grid} grey 0..255 @param {number[]} shape rows, columns
 * @returns {{pixels: number[], doubts: string[]} | null} */
function findDigit(grey, shape) {
  for (const up of [grey, mapped(grey, (value) => 255 - value)]) {
    if (hasMnistForm(up, shape)) return { pixels: [...up.values].map(roundEven), doubts: [] };
  }
  const [low, high] = grey.values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [255, 0],
  );
  if (high - low < MIN_CONTRAST) return null;
  const ink = findInk(grey);
  const levels = findLevels(ink);
  const choice = levels && chooseDigit(ink, levels);
  if (!choice || extentOf(choice) < MIN_EXTENT * Math.max(grey.rows, grey.columns)) return null;
  const strokes = setStrokeWidth(cutOut(ink, choice, levels), shape);
  if (!strokes) return null;
  return { pixels: place(strokes, shape), doubts: doubtsOf(choice, levels, strokes) };
}

/** Return the digit's box, one pixel wider for its soft edge: 0..1, 1 the level of its ink. */
function cutOut(ink, choice, levels) {
  const box = {
    top: Math.max(0, choice.top - 1),
    bottom: Math.min(ink.rows, choice.bottom + 1),
    left: Math.max(0, choice.left - 1),
    right: Math.min(ink.columns, choice.right + 1),
  };
  const part = cropped(ink, box);
  const { rows, columns } = part;
  const soft = new Uint8Array(rows * columns);
  for (const pixel of choice.pixels) {
    const r = Math.trunc(pixel / ink.columns) - box.top;
    const c = (pixel % ink.columns) - box.left;
    const at = r * columns + c;
    soft[at] = 1;
    if (r) soft[at - columns] = 1;
    if (r + 1 < rows) soft[at + columns] = 1;
    if (c) soft[at - 1] = 1;
    if (c + 1 < columns) soft[at + 1] = 1;
  }
  return mapped(part, (value, at) => limited(value / levels.ink) * soft[at]);
}

/** Return the sums of a picture's rows and of its columns. */
function massesOf({ rows, columns, values }) {
  const masses = [new Float64Array(rows), new Float64Array(columns)];
  values.forEach((value, at) => {
    masses[0][Math.trunc(at / columns)] += value;
    masses[1][at % columns] += value;
  });
  return masses;
}

const sumOf = (values) => values.reduce((one, other) => one + other, 0);
const momentOf = (mass, shift) => mass.reduce((sum, m, i) => sum + m * (i + shift), 0);

/** Return whether a picture is light on black, as large and as centred as a digit becomes here. */
function hasMnistForm(grey, shape) {
  if (grey.rows !== shape[0] || grey.columns !== shape[1]) return false;
  const held = boxOf(grey);
  if (!held || extentOf(held) !== roundEven(DIGIT_FRACTION * Math.min(...shape))) return false;
  return massesOf(grey).every(
    (mass, axis) => Math.abs(momentOf(mass, 0) / sumOf(mass) - shape[axis] / 2) <= MOST_OFF_CENTRE,
  );
}

/** Return an image of this shape with the ink scaled into it, its centre of mass in the middle. */
function place({ ink, scale }, shape) {
  const [down, across] = massesOf(ink).map((mass, axis) => coverage(mass, scale, shape[axis]));
  return down.flatMap((rowCovers) => {
    const row = new Float64Array(ink.columns);
    rowCovers.forEach((cover, r) => {
      if (cover) row.forEach((_, c) => (row[c] += cover * ink.values[r * ink.columns + c]));
    });
    return across.map((covers) => {
      const light = row.reduce((sum, value, c) => sum + value * covers[c], 0);
      return roundEven(limited(light) * 255);
    });
  });
}

/** Return the fraction of each of n image pixels that each pixel of the ink covers. */
function coverage(mass, scale, n) {
  const middle = momentOf(mass, 0.5) / sumOf(mass);
  const first = mass.findIndex((value) => value > 0) * scale;
  const last = (mass.findLastIndex((value) => value > 0) + 1) * scale;
  let origin = n / 2 + 0.5 - middle * scale;
  if (last - first <= n) origin = Math.min(Math.max(origin, -first), n - last);
  return Array.from({ length: n }, (_, pixel) =>
    Array.from(mass, (_, k) => {
      const start = origin + k * scale;
      return Math.max(Math.min(start + scale, pixel + 1) - Math.max(start, pixel), 0);
    }),
  );
}

/** @returns {string[]} what makes the prediction doubtful */
function doubtsOf(choice, levels, strokes) {
  const doubts = [
    [choice.others, `${choice.others + 1} digits; only one is read`],
    [choice.atBorder, AT_EDGE],
    [strokes.solid, SOLID],
    [levels.ink < FAINT_INK, "very faint ink"],
    [extentOf(choice) < COARSE_EXTENT, `only ${extentOf(choice)} pixels large`],
  ];
  return doubts.filter(([holds]) => holds).map(([, words]) => words);
}
