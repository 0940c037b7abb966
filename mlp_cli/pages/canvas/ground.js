/** How far every pixel is from its ground, and where ink begins. */

const { HISTOGRAM_BINS, LEAST_INK, INK_TO_NOISE, LEAST_ON_PATTERN, MOST_BETWEEN, SEED_FRACTION, GROWTH_FRACTION } = IMAGES.threshold;
const { BORDER_BAND, CORNER_SIDE, EVEN_LEVELS, EVEN_FRACTION, DARK_TO_LIGHT, LEAST_PAGE, TWO_LEVELS_FRACTION, LEAST_SIDE_FOR_LIGHT, LIGHT_WINDOW, LEAST_GROUND } = IMAGES.ground;

/** Return the level that splits values best into two groups. Source: Otsu (1979). */
function otsuThreshold(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) return low;
  const width = (high - low) / (HISTOGRAM_BINS - 1);
  const counts = new Float64Array(HISTOGRAM_BINS);
  for (const value of values) {
    counts[Math.min(HISTOGRAM_BINS - 1, Math.trunc(Math.fround(Math.fround(value - low) / Math.fround(width))))]++;
  }
  const whole = counts.reduce((sum, count, bin) => sum + count * bin, 0);
  let [below, sum, spread, best] = [0, 0, -1, []];
  for (let bin = 0; bin < HISTOGRAM_BINS - 1; bin++) {
    below += counts[bin];
    sum += counts[bin] * bin;
    const above = values.length - below;
    const apart = sum * above - (whole - sum) * below;
    const between = apart ** 2 / Math.max(below * above, 1);
    if (between > spread) [spread, best] = [between, []];
    if (between === spread) best.push(bin);
  }
  // Between two groups far apart every level splits them alike: the middle of the plateau.
  return low + (best.reduce((one, other) => one + other) / best.length + 1) * width;
}

/** Return the ink: 0 is paper, 1 the most there can be. @param {Grid} grey @returns {Grid} */
function findInk(grey) {
  const border = borderOf(grey);
  const shorter = Math.min(grey.rows, grey.columns);
  if (isEven(border) || shorter < LEAST_SIDE_FOR_LIGHT) {
    const threshold = otsuThreshold(grey.values);
    const bright = isGroundBright(grey, border, threshold);
    const ground = border.filter((value) => value > threshold === bright);
    const level = median(ground.length ? ground : border);
    return contrast(grey, mapped(grey, () => level), bright);
  }
  const bright = hasDarkStrokes(grey);
  const light = bright ? grey : mapped(grey, (value) => 255 - value);
  const ground = closing(windowMean(light, 3), odd(shorter * LIGHT_WINDOW));
  const ink = contrast(light, ground, true);
  // Closing takes the lightest of the noise for the ground: move it back to the middle.
  const threshold = otsuThreshold(ink.values);
  const middle = median(ink.values.filter((value) => value <= threshold));
  return mapped(ink, (value) => value - middle);
}

/** Return the pixels of a band along the border. */
function borderOf({ rows, columns, values }) {
  const k = Math.max(1, Math.trunc(Math.min(rows, columns) * BORDER_BAND));
  return values.filter((_, at) => {
    const [r, c] = [Math.trunc(at / columns), at % columns];
    return r < k || c < k || r >= rows - k || c >= columns - k;
  });
}

/** Return whether a few neighbouring grey levels hold most of the border, or two such groups far apart. */
function isEven(border) {
  const counts = new Float64Array(256 + EVEN_LEVELS - 1);
  for (const value of border) counts[roundEven(value)]++;
  let sum = 0;
  const held = counts.map((count, level) => {
    sum += count - (level >= EVEN_LEVELS ? counts[level - EVEN_LEVELS] : 0);
    return sum;
  });
  const most = held.reduce((best, count, level) => (count > held[best] ? level : best), 0);
  if (held[most] > border.length * EVEN_FRACTION) return true;
  const other = held.reduce((best, count, level) => {
    const [dark, light] = [Math.min(level, most), Math.max(level, most)];
    return dark < DARK_TO_LIGHT * light && light > LEAST_PAGE ? Math.max(best, count) : best;
  }, 0);
  return held[most] + other > border.length * TWO_LEVELS_FRACTION;
}

/** Return whether the ground is the brighter of two groups: by border, corners and picture. */
function isGroundBright({ rows, columns, values }, border, threshold) {
  const k = Math.max(1, Math.trunc(Math.min(rows, columns) * CORNER_SIDE));
  const corners = values.filter((_, at) => {
    const [r, c] = [Math.trunc(at / columns), at % columns];
    return (r < k || r >= rows - k) && (c < k || c >= columns - k);
  });
  const fraction = (part) => part.reduce((n, value) => n + (value > threshold), 0) / part.length;
  return fraction(border) + fraction(corners) + fraction(values) > 1.5;
}

/** Return whether strokes under an uneven light are darker than what surrounds them. */
function hasDarkStrokes(grey) {
  const smooth = windowMean(grey, 3);
  const around = windowMean(smooth, odd(Math.min(grey.rows, grey.columns) * LIGHT_WINDOW)).values;
  // The cube keeps the sign, and lets few strong pixels outweigh many weak ones.
  return smooth.values.reduce((sum, value, at) => sum + (value - around[at]) ** 3, 0) < 0;
}

function contrast(grey, ground, bright) {
  return mapped(grey, (value, at) => {
    const paper = ground.values[at];
    return bright
      ? (paper - value) / Math.max(paper, LEAST_GROUND)
      : (value - paper) / Math.max(255 - paper, LEAST_GROUND);
  });
}

/** Return the levels above which ink is a seed of a digit, and of what grows from it, or null. */
function findLevels(ink) {
  const below = ink.values.filter((value) => value < 0).map((value) => -value);
  const noise = below.length > 10 ? median(below) / 0.6745 : 0;
  const levels = levelsAbove(ink, noise);
  if (levels) return levels;
  const even = ink.values.reduce((n, value) => n + (value === 0), 0);
  return even > below.length ? levelsAbove(ink, 0) : levelsOnPattern(ink);
}

const levelsOf = (noise, ink, least) => {
  const growth = Math.max(GROWTH_FRACTION * ink, 2.5 * noise, least);
  return { ink, growth, seed: Math.max(SEED_FRACTION * ink, 3 * noise, growth) };
};

function levelsAbove(ink, noise) {
  const rising = ink.values.filter((value) => value > Math.max(3 * noise, LEAST_INK));
  if (rising.length < 3) return null;
  const half = new Float32Array(rising.length + (rising.length >> 1));
  half.set(rising);
  const threshold = otsuThreshold(half);
  const level = median(rising.filter((value) => value > threshold));
  return level > INK_TO_NOISE * noise ? levelsOf(noise, level, 0) : null;
}

/** Return the levels of strong ink on stripes, few of whose pixels lie between the two, or null. */
function levelsOnPattern(ink) {
  const threshold = otsuThreshold(ink.values.map((value) => Math.max(value, 0)));
  const above = ink.values.filter((value) => value > threshold);
  const level = above.length ? median(above) : 0;
  if (level < LEAST_ON_PATTERN) return null;
  const strong = ink.values.filter((value) => value > 0.75 * level).length;
  const between = ink.values.filter((value) => value > 0.25 * level && value <= 0.75 * level).length;
  return between < MOST_BETWEEN * strong ? levelsOf(0, level, level / 2) : null;
}
