/**
 * What may be one digit: a part of the ink, or several that belong together, by Python's
 * images/several/. Heights are those of a digit.
 * @typedef {{pixels: number[], top: number, bottom: number, left: number, right: number}} Shape
 */

const { LEAST_EXTENT, TOWERING } = IMAGES.clearing;
const { TALL, TALLEST_JOINED, OVERLAP, NEAR } = IMAGES.joining;
const { LOW, FLAT, THIN_BAR, STRAIGHT_BAR } = IMAGES.marks;

const widthOf = (box) => box.right - box.left;

/** @param {Shape[]} shapes @returns {Shape} */
function union(shapes) {
  return { ...boxAround(shapes), pixels: shapes.flatMap((shape) => shape.pixels) };
}

/** Return the parts that are ink and no specks. @returns {Shape[]} */
function inkedParts(ink, levels) {
  const least = Math.max(LEAST_EXTENT * Math.max(ink.rows, ink.columns), 3);
  return findParts(ink, levels).filter((part) => part.seeded && extentOf(part) >= least);
}

/** Return the height of a digit: the median, tall shapes counting more, or that of a shape that
 * towers over all others. */
function digitHeight(shapes) {
  const heights = shapes.map(heightOf).sort((one, other) => one - other);
  if (heights.length > 1 && heights.at(-1) > TOWERING * heights.at(-2)) return heights.at(-1);
  let sum = 0;
  return heights.find((height) => (sum += height) >= sumOf(heights) / 2);
}

/** Return the shapes, those joined that lie within each other or closely above each other. */
function joinStacked(shapes, height) {
  const joined = [...shapes];
  const joinOne = () => {
    joined.sort((one, other) => one.left - other.left);
    for (let k = 0; k < joined.length; k++) {
      for (let n = k + 1; n < joined.length && joined[n].left < joined[k].right; n++) {
        if (!isStacked(joined[k], joined[n], height)) continue;
        joined[k] = union([joined[k], joined[n]]);
        joined.splice(n, 1);
        return true;
      }
    }
    return false;
  };
  while (joinOne());
  return joined;
}

/** Return whether two shapes are parts of one digit by their places alone. */
function isStacked(a, b, height) {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const narrow = Math.min(widthOf(a), widthOf(b));
  if (across < OVERLAP * narrow) return false;
  // Of two marks, none is a digit: the bars of an equals sign are left as they are.
  if (Math.max(heightOf(a), heightOf(b)) < 0.3 * height) return false;
  const apart = Math.max(a.top, b.top) - Math.min(a.bottom, b.bottom);
  if (apart < 0) return -apart >= 0.5 * Math.min(heightOf(a), heightOf(b)) || across >= 0.7 * narrow;
  return heightOf(boxAround([a, b])) <= TALLEST_JOINED * height && apart <= NEAR * height;
}

/** Return the low shapes that may belong to a tall one beside them, and that one's number.
 * @returns {{number: number, host: number}[]} */
function findFragments(shapes, height) {
  const isTall = (shape) => heightOf(shape) >= TALL * height;
  const fragments = [];
  shapes.forEach((shape, number) => {
    if (isTall(shape)) return;
    let [least, host] = [Infinity, -1];
    shapes.forEach((other, n) => {
      const across = Math.max(shape.left - other.right, other.left - shape.right, 0);
      const apart = Math.max(across, shape.top - other.bottom, other.top - shape.bottom);
      if (isTall(other) && apart <= NEAR * heightOf(other) && apart < least) [least, host] = [apart, n];
    });
    if (host >= 0 && !isPunctuation(shape, shapes[host])) fragments.push({ number, host });
  });
  return fragments;
}

/** Return whether a mark beside a digit is a point or a comma at its foot, or a minus. */
function isPunctuation(mark, host) {
  const middle = ((mark.top + mark.bottom) / 2 - host.top) / heightOf(host);
  const beside = mark.left >= host.right - 0.15 * widthOf(host) || mark.right <= host.left + 1;
  return beside && (middle > 0.7 || (widthOf(mark) > 1.5 * heightOf(mark) && middle > 0.3));
}

/** Return whether a shape is a point, a dash or a plus. @param {number} columns of the picture */
function isMark(shape, height, columns) {
  const tall = heightOf(shape);
  if (tall < LOW * height || widthOf(shape) > FLAT * tall * Math.max(1, tall / height)) return true;
  return isPlus(shape, columns);
}

/** Return whether a shape is an upright bar and a level one that cross near their middles. */
function isPlus(shape, columns) {
  const [wide, tall] = [widthOf(shape), heightOf(shape)];
  if (wide / tall <= 0.6 || wide / tall >= 1.6 || Math.min(wide, tall) < 6) return false;
  const down = shape.pixels.map((at) => Math.trunc(at / columns) - shape.top);
  const across = shape.pixels.map((at) => (at % columns) - shape.left);
  return isBar(down, across, tall, wide) && isBar(across, down, wide, tall);
}

/** Return whether the two ends of a length are thin, and in line near the middle of a width. */
function isBar(along, across, length, width) {
  const quarter = Math.max(1, length >> 2);
  const ends = [(at) => at < quarter, (at) => at >= length - quarter].map((isEnd) => [
    ...new Set(across.filter((_, k) => isEnd(along[k]))),
  ]);
  if (ends.some((end) => Math.max(...end) + 1 - Math.min(...end) > THIN_BAR * width)) return false;
  const [one, other] = ends.map((end) => sumOf(end) / end.length / width);
  const middle = (one + other) / 2;
  return Math.abs(one - other) <= STRAIGHT_BAR && middle > 0.3 && middle < 0.7;
}
