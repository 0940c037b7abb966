/**
 * Pictures as rows of numbers, and windows around their pixels.
 * @typedef {{rows: number, columns: number, values: Float32Array}} Grid
 */

/** @returns {Grid} */
function grid(rows, columns, values = new Float32Array(rows * columns)) {
  return { rows, columns, values };
}

/** @returns {Grid} the values that a function makes of this grid's */
function mapped(picture, make) {
  return grid(picture.rows, picture.columns, picture.values.map(make));
}

/** Round a half to the even neighbour, as NumPy and Python do. */
function roundEven(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 ? low + 1 : low;
}

/** @param {ArrayLike<number>} values @returns {number} */
function median(values) {
  const sorted = Float32Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Return the side of a window of about this length: odd, 3 at least. */
function odd(length) {
  return Math.max(3, Math.trunc(length) | 1);
}

/** Change every row and then every column by a function of one line, which returns its like.
 * @param {Grid} picture @param {(line: Float32Array) => Float32Array} change */
function byLines({ rows, columns, values }, change) {
  const across = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    across.set(change(values.slice(r * columns, (r + 1) * columns)), r * columns);
  }
  const line = new Float32Array(rows);
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) line[r] = across[r * columns + c];
    const changed = change(line);
    for (let r = 0; r < rows; r++) across[r * columns + c] = changed[r];
  }
  return grid(rows, columns, across);
}

/** Return a line with its first and last value repeated. */
function continued(line, by) {
  const wide = new Float32Array(line.length + 2 * by);
  wide.fill(line[0], 0, by).fill(line[line.length - 1], by + line.length);
  wide.set(line, by);
  return wide;
}

/** Return the largest value in the window around every pixel: in log2(side) steps. */
function windowMaximum(picture, side) {
  return byLines(picture, (line) => {
    const wide = continued(line, side >> 1);
    for (let length = 1; length < side; ) {
      const step = Math.min(length, side - length);
      // Ascending, so that the value a step ahead is not changed yet.
      for (let i = 0; i + step < wide.length; i++) wide[i] = Math.max(wide[i], wide[i + step]);
      length += step;
    }
    return wide.slice(0, line.length);
  });
}

/** Return the mean of the window around every pixel. */
function windowMean(picture, side) {
  return byLines(picture, (line) => {
    const wide = continued(line, side >> 1);
    let sum = 0;
    for (let i = 0; i < side - 1; i++) sum += wide[i];
    return line.map((_, i) => {
      sum += wide[i + side - 1];
      const mean = sum / side;
      sum -= wide[i];
      return mean;
    });
  });
}

/** Return the values with every low region filled that is narrower than a window. */
function closing(picture, side) {
  const negative = (grey) => mapped(grey, (value) => -value);
  return negative(windowMaximum(negative(windowMaximum(picture, side)), side));
}
