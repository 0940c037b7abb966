/** The width of a digit's strokes: measured, and changed to that of MNIST. */

const { WORKING_SIDE, DIGIT_FRACTION, STROKE_FRACTION, SOLID_WIDTH, MOST_EDGE_DISTANCE, LEAST_STRENGTH, COMPARED_REACH } = IMAGES.strokes;

/** Return a picture scaled as Pillow scales floats: bicubic to enlarge, means to reduce. */
function resized(picture, rows, columns) {
  const across = turnedAndScaled(picture, columns);
  return turnedAndScaled(across, rows);
}

/** Return the picture transposed, with its rows scaled to this length. */
function turnedAndScaled({ rows, columns, values }, length) {
  const scale = columns / length;
  const stretch = Math.max(scale, 1);
  const [filter, reach] = scale < 1 ? [bicubic, 2] : [box, 0.5];
  const made = grid(length, rows);
  for (let i = 0; i < length; i++) {
    const middle = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(middle - reach * stretch + 0.5));
    const end = Math.min(columns, Math.trunc(middle + reach * stretch + 0.5));
    const weights = [];
    for (let c = first; c < end; c++) weights.push(filter((c - middle + 0.5) / stretch));
    const sum = weights.reduce((one, other) => one + other);
    for (let r = 0; r < rows; r++) {
      const at = r * columns + first;
      made.values[i * rows + r] =
        weights.reduce((total, weight, k) => total + weight * values[at + k], 0) / sum;
    }
  }
  return made;
}

const box = (x) => (x > -0.5 && x <= 0.5 ? 1 : 0);

/** The cubic convolution with a = -1/2. */
function bicubic(x) {
  const d = Math.abs(x);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

/** Return the digit enlarged, its faint strokes at full strength. */
function enlarge(ink) {
  const factor = WORKING_SIDE / Math.max(ink.rows, ink.columns);
  const side = (n) => Math.max(1, roundEven(n * factor));
  const large = resized(ink, side(ink.rows), side(ink.columns));
  const strongest = windowMaximum(large, odd(2 * COMPARED_REACH)).values;
  return mapped(large, (value, at) => value / Math.max(strongest[at], LEAST_STRENGTH));
}

/** Return the part of a picture within a box; beyond the picture it is 0. */
function cropped({ rows, columns, values }, { top, bottom, left, right }) {
  const part = grid(bottom - top, right - left);
  part.values.forEach((_, at) => {
    const r = top + Math.trunc(at / part.columns);
    const c = left + (at % part.columns);
    const inside = r >= 0 && r < rows && c >= 0 && c < columns;
    part.values[at] = inside ? values[r * columns + c] : 0;
  });
  return part;
}

/** Return a picture with this many pixels of 0 around it; of fewer than none, without its edge. */
function padded(picture, by) {
  const { rows, columns } = picture;
  return cropped(picture, { top: -by, bottom: rows + by, left: -by, right: columns + by });
}

/** Return the box of what is not 0, or null. */
function boxOf({ columns, values }) {
  let held = null;
  values.forEach((value, at) => {
    if (!value) return;
    const [r, c] = [Math.trunc(at / columns), at % columns];
    const one = { top: r, bottom: r + 1, left: c, right: c + 1 };
    held = held ? boxAround([held, one]) : one;
  });
  return held;
}

/** Return the distance of every pixel to the nearest that is not 0, `reach` + 1 at most.
 * Source: Felzenszwalb and Huttenlocher (2012), eq. 1. */
function distanceTo(mask, reach) {
  const farthest = (reach + 1) ** 2;
  const squares = byLines(mapped(mask, (value) => (value ? 0 : farthest)), (line) =>
    line.map((_, i) => {
      let least = line[i];
      for (let k = 1; k <= reach; k++) {
        if (i >= k) least = Math.min(least, line[i - k] + k * k);
        if (i + k < line.length) least = Math.min(least, line[i + k] + k * k);
      }
      return least;
    }),
  );
  return mapped(squares, Math.sqrt);
}

const limited = (value) => Math.min(Math.max(value, 0), 1);

/** Return the digit with strokes that are as wide as MNIST's in an image of this shape, or null.
 * A stroke of width w has its middle line in a box of B - w; scaled by s and with the new width
 * t it is to fill the box D that digits have: s (B - w) + t = D.
 * @param {Grid} ink @param {number[]} shape */
function setStrokeWidth(ink, shape) {
  const strong = mapped(enlarge(ink), (value) => Number(value > 0.5));
  const held = boxOf(strong);
  if (!held) return null;
  const mask = cropped(strong, held);
  const outside = mapped(padded(mask, 1), (value) => 1 - value);
  const inside = mapped(padded(distanceTo(outside, MOST_EDGE_DISTANCE), -1), (value) => value - 0.5);
  const of = inside.values.filter((_, at) => mask.values[at]);
  const width = Math.max(1, (4 * of.reduce((sum, value) => sum + value, 0)) / of.length);
  const sides = [mask.rows, mask.columns];
  const digit = shape.map((n) => n * DIGIT_FRACTION);
  if (width > SOLID_WIDTH * Math.max(...sides)) {
    const scale = Math.min(...sides.map((side, axis) => digit[axis] / side));
    return { ink: mask, scale, solid: true };
  }
  const target = Math.min(...shape) * STROKE_FRACTION;
  const scale = Math.min(
    ...sides.map((side, axis) => (digit[axis] - target) / Math.max(side - width, 1)),
  );
  const wanted = target / scale;
  const made =
    wanted > width
      ? thicken(mask, (wanted - width) / 2)
      : thin(inside, mask, wanted / width, odd(width));
  return { ink: made, scale, solid: false };
}

/** Return the mask grown by this many pixels on all sides, with an edge one pixel soft. */
function thicken(mask, by) {
  const reach = Math.ceil(by) + 1;
  return mapped(distanceTo(padded(mask, reach), reach), (value) => limited(by + 1 - value));
}

/** Return the mask with every stroke narrowed to this fraction of its own width. */
function thin(inside, mask, fraction, side) {
  const deep = mapped(inside, (value, at) => (mask.values[at] ? value : 0));
  const middle = windowMaximum(deep, side).values;
  return mapped(
    inside,
    (value, at) => limited(value - (1 - fraction) * middle[at] + 0.5) * mask.values[at],
  );
}
