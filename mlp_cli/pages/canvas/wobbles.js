/** How certain a network is of an image that wobbles a little, by Python's certainty.py. */

const { TURN, SLANT, STRETCH, STEP } = IMAGES.certainty;

/** Every wobble as [down per row, down per column, across per row, across per column, rows,
 * columns]: a matrix, and a move in pixels of 28. */
const WOBBLES = [
  ...[-TURN, TURN].map((a) => [Math.cos(a), -Math.sin(a), Math.sin(a), Math.cos(a), 0, 0]),
  ...[-SLANT, SLANT].map((slant) => [1, 0, slant, 1, 0, 0]),
  ...[[1, -1], [-1, 1], [1, 1]].map(([r, c]) => [1 + r * STRETCH, 0, 0, 1 + c * STRETCH, 0, 0]),
  ...[[1, 0], [-1, 0], [0, 1], [0, -1]].map(([r, c]) => [1, 0, 0, 1, r * STEP, c * STEP]),
];

/** Return the largest mean output for an image and its wobbles; 0 where it is not a number.
 * @param {number[]} pixels @param {(pixels: number[]) => Float64Array} read */
function certaintyOf(pixels, shape, read) {
  const images = [pixels, ...WOBBLES.map((wobble) => wobbled(pixels, shape, wobble))];
  return Math.max(...average(images.map(read))) || 0;
}

/** Return an image that is turned, slanted, stretched or moved, by bilinear interpolation. */
function wobbled(pixels, [rows, columns], [rr, rc, cr, cc, down, across]) {
  const step = Math.min(rows, columns) / 28;
  return pixels.map((_, at) => {
    const [r, c] = [Math.trunc(at / columns) - rows / 2, (at % columns) - columns / 2];
    const [y, x] = [
      rr * r + rc * c + rows / 2 + down * step,
      cr * r + cc * c + columns / 2 + across * step,
    ];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    let light = 0;
    for (const row of [top, top + 1]) {
      for (const column of [left, left + 1]) {
        if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
        light += (1 - Math.abs(y - row)) * (1 - Math.abs(x - column)) * pixels[row * columns + column];
      }
    }
    return roundEven(light);
  });
}
