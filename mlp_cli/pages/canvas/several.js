/**
 * Every digit of a picture in reading order, by Python's images/several/. What that does to pages
 * of paper is not done here: frames and ruled lines stay, and digits that touch are not cut.
 * @typedef {{pixels: number[], doubts: string[], outputs: Float64Array, line: number,
 *   box: Shape | null}} Placed  line: counted from 1; box: null for the whole picture
 */

const { ONE_DIGIT_SIDE, SAME } = IMAGES.finding;
const TOUCHING = "it is wide and may be two digits that touch";
/* Heights: a shape that is so wide is doubtful, however well it is read, or where it is read worse
 * than with this output. */
const VERY_WIDE = 1.25;
const WIDE = 0.95;
const WELL_READ = 0.9;

/** Return the digits, or one where there is no writing; none where the picture is blank.
 * @param {Grid} grey 0..255 @param {number[]} shape rows, columns
 * @param {(pixels: number[]) => Float64Array} read returns the outputs for an image
 * @param {boolean} isWriting
 * @returns {Placed[]} */
function findDigits(grey, shape, read, isWriting) {
  const alone = findDigit(grey, shape);
  if (!alone) return [];
  const whole = () => [{ ...alone, outputs: read(alone.pixels), box: null, line: 1 }];
  if (!isWriting || Math.max(grey.rows, grey.columns) < ONE_DIGIT_SIDE) return whole();
  const ink = findInk(grey);
  const levels = findLevels(ink);
  const parts = inkedParts(ink, levels);
  if (!parts.length) return whole();
  const height = digitHeight(parts);
  const normalised = (each) => normaliseShape(ink, each, levels, shape);
  const placed = ({ pixels, doubts }, box, line) => {
    const outputs = read(pixels);
    const others = mayTouch(box, height, outputs) ? [TOUCHING] : [];
    return { pixels, doubts: [...doubts, ...others], outputs, box, line };
  };
  const certainty = (each) => certaintyOf(normalised(each).pixels, shape, read);
  const shapes = withFragments(joinStacked(parts, height), height, certainty);
  const kept = shapes.filter((each) => !isMark(each, height, grey.columns));
  if (!kept.length) return whole();
  if (kept.length === 1) return [placed(asAlone(alone, normalised(kept[0])), kept[0], 1)];
  return linesOf(kept).flatMap((line, number) =>
    line.map((k) => placed(normalised(kept[k]), kept[k], number + 1)),
  );
}

/** Return what is read, line by line. @param {Placed[]} digits @param {string[]} names */
function textOf(digits, names) {
  const isNext = (k) => k > 0 && digits[k].line !== digits[k - 1].line;
  return names.map((name, k) => (isNext(k) ? `\n${name}` : name)).join("");
}

/** Return the only digit of a picture as the reader of single digits has it, unless that reader
 * found something else. */
function asAlone(alone, found) {
  const shared = found.pixels.reduce((sum, pixel, at) => sum + Math.min(pixel, alone.pixels[at]), 0);
  if (2 * shared < SAME * (sumOf(found.pixels) + sumOf(alone.pixels))) return found;
  return alone;
}

/** Return whether a shape may be two digits, by its width beside digits of this height and by how
 * well it is read. */
function mayTouch(shape, height, outputs) {
  const wide = widthOf(shape) / Math.max(heightOf(shape), 0.85 * height);
  return wide > VERY_WIDE || (wide > WIDE && Math.max(...outputs) < WELL_READ);
}

/** Return a shape in MNIST's form. One without ink, such as the end of a stroke, is black. */
function normaliseShape(ink, shape, levels, form) {
  const strokes = setStrokeWidth(cutOut(ink, shape, levels), form);
  const { rows, columns } = ink;
  const inner = Math.min(shape.left, shape.top, columns - shape.right, rows - shape.bottom);
  const doubts = [
    [inner <= 0, AT_EDGE],
    [!strokes || strokes.solid, SOLID],
  ];
  return {
    pixels: strokes ? place(strokes, form) : new Array(form[0] * form[1]).fill(0),
    doubts: doubts.filter(([holds]) => holds).map(([, words]) => words),
  };
}

/** Return the shapes, the low ones joined to tall ones that the network then reads as well. */
function withFragments(shapes, height, certainty) {
  const result = [...shapes];
  const gone = new Set();
  for (const { number, host } of findFragments(shapes, height)) {
    const joined = union([shapes[number], shapes[host]]);
    if (certainty(joined) < certainty(shapes[host]) - 0.02) continue;
    result[host] = union([result[host], shapes[number]]);
    gone.add(number);
  }
  return result.filter((_, k) => !gone.has(k));
}
