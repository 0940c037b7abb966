/** Shapes in lines of writing, and the lines in reading order, by Python's layout.py. */

const { WIDEST_GAP, STEEPEST, MOST_OFF_LINE, LEAST_LINKS } = IMAGES.layout;

/**
 * Return the shapes' numbers line by line from the top, each line from the left.
 * Every shape is linked to its next neighbour at the right. The median direction of the links is
 * that of the writing. Chains of links at one height are a line.
 * @param {Shape[]} shapes @returns {number[][]}
 */
function linesOf(shapes) {
  const x = shapes.map((shape) => (shape.left + shape.right) / 2);
  const y = shapes.map((shape) => (shape.top + shape.bottom) / 2);
  // A flat or a tiny shape takes the others' height, so that it finds its neighbours.
  const least = 0.6 * median(shapes.map(heightOf));
  const heights = shapes.map((shape) => Math.max(heightOf(shape), least));
  const slope = slopeOf(x, y, heights);
  const level = y.map((at, k) => at - slope * x[k]);
  const lines = mergedLines(chainsOf(followers(x, level, heights, 0)), x, level, heights);
  const heightOn = (line) => median(line.map((k) => level[k]));
  lines.sort((one, other) => heightOn(one) - heightOn(other));
  return lines.map((line) => line.sort((k, n) => x[k] - x[n] || y[k] - y[n]));
}

/** Return the number of the next neighbour at the right of each shape, or -1. */
function followers(x, y, heights, steepest) {
  return x.map((_, k) => {
    let [least, next] = [Infinity, -1];
    x.forEach((_, n) => {
      const [right, down] = [x[n] - x[k], Math.abs(y[n] - y[k])];
      const tall = Math.max(heights[k], heights[n]);
      const off = Math.max(down - steepest * right, 0);
      const isNear = right > 0 && right < WIDEST_GAP * tall && off < MOST_OFF_LINE * tall;
      if (isNear && right + 2 * down < least) [least, next] = [right + 2 * down, n];
    });
    return next;
  });
}

/** Return how many rows writing falls per column. */
function slopeOf(x, y, heights) {
  const next = followers(x, y, heights, STEEPEST);
  const linked = [...next.keys()].filter((k) => next[k] >= 0);
  if (linked.length < LEAST_LINKS) return 0;
  // A link over two neighbours is less disturbed by their uneven heights than one over one.
  const slopes = linked.map((k) => {
    const end = next[next[k]] >= 0 ? next[next[k]] : next[k];
    return (y[end] - y[k]) / (x[end] - x[k]);
  });
  const slope = median(slopes);
  return Math.abs(slope) <= STEEPEST ? slope : 0;
}

/** Return the shapes' numbers, those together that links connect. @param {number[]} next */
function chainsOf(next) {
  const chain = next.map((_, k) => [k]);
  next.forEach((n, k) => {
    if (n < 0 || chain[n] === chain[k]) return;
    const joined = [...chain[k], ...chain[n]];
    for (const each of joined) chain[each] = joined;
  });
  return [...new Set(chain)].map((each) => each.sort((k, n) => k - n));
}

/** Return the chains, those as one line that are at one height, however far apart. */
function mergedLines(chains, x, level, heights) {
  const of = (values, numbers) => numbers.map((k) => values[k]);
  const lines = [];
  for (const chain of chains.sort((one, other) => other.length - one.length)) {
    const [at, tall] = [median(of(level, chain)), median(of(heights, chain))];
    const line = lines.find((each) => {
      const apart = Math.abs(median(of(level, each)) - at);
      const [one, other] = [of(x, each), of(x, chain)];
      const overlap =
        Math.min(Math.max(...one), Math.max(...other)) - Math.max(Math.min(...one), Math.min(...other));
      return (
        apart < 0.5 * MOST_OFF_LINE * (tall + median(of(heights, each))) && overlap < 0.5 * tall
      );
    });
    if (line) line.push(...chain);
    else lines.push([...chain]);
  }
  return lines;
}
