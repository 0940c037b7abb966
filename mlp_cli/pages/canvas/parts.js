/**
 * Connected parts of the ink, and the choice of those that are the digit.
 * @typedef {{pixels: number[], top: number, bottom: number, left: number, right: number,
 *   mass: number, seeded: boolean}} Part  ends of its box excluded
 */

const { EDGE_DEPTH, BORDER_WEIGHT, SPECK_SIZE, LARGEST_GAP, NEIGHBOUR_DISTANCE, NEIGHBOUR_HEIGHT, MOST_OVERLAP } = IMAGES.components;

/** @param {Grid} ink @param {{growth: number, seed: number}} levels @returns {Part[]} */
function findParts(ink, levels) {
  const free = Uint8Array.from(ink.values, (value) => value > levels.growth);
  const parts = [];
  free.forEach((_, start) => {
    if (free[start]) parts.push(fillPart(ink, free, start, levels.seed));
  });
  return parts;
}

function fillPart({ rows, columns, values }, free, start, seed) {
  const part = { pixels: [], top: rows, bottom: 0, left: columns, right: 0, mass: 0, seeded: false };
  const waiting = [start];
  free[start] = 0;
  while (waiting.length) {
    const at = waiting.pop();
    const [r, c] = [Math.trunc(at / columns), at % columns];
    part.pixels.push(at);
    part.mass += values[at];
    part.seeded ||= values[at] > seed;
    part.top = Math.min(part.top, r);
    part.bottom = Math.max(part.bottom, r + 1);
    part.left = Math.min(part.left, c);
    part.right = Math.max(part.right, c + 1);
    for (let y = Math.max(0, r - 1); y <= Math.min(rows - 1, r + 1); y++) {
      for (let x = Math.max(0, c - 1); x <= Math.min(columns - 1, c + 1); x++) {
        const next = y * columns + x;
        if (free[next]) {
          free[next] = 0;
          waiting.push(next);
        }
      }
    }
  }
  return part;
}

const heightOf = (box) => box.bottom - box.top;
const extentOf = (box) => Math.max(heightOf(box), box.right - box.left);

/** Return the smallest box around these. */
function boxAround(parts) {
  return parts.reduce((box, part) => ({
    top: Math.min(box.top, part.top),
    bottom: Math.max(box.bottom, part.bottom),
    left: Math.min(box.left, part.left),
    right: Math.max(box.right, part.right),
  }));
}

/** Return the parts of the digit with their box, or null where no part has a seed. */
function chooseDigit(ink, levels) {
  const { rows, columns } = ink;
  const touches = (p) => !p.top || !p.left || p.bottom === rows || p.right === columns;
  const isPage = (p) =>
    touches(p) &&
    (p.bottom <= rows * EDGE_DEPTH || p.top >= rows * (1 - EDGE_DEPTH) ||
      p.right <= columns * EDGE_DEPTH || p.left >= columns * (1 - EDGE_DEPTH));
  const score = (p) => {
    const off = Math.hypot(
      (p.top + p.bottom) / (2 * rows) - 0.5,
      (p.left + p.right) / (2 * columns) - 0.5,
    );
    return (p.mass * extentOf(p) * (1 - off) * (touches(p) ? BORDER_WEIGHT : 1)) / (isPage(p) ? 1e3 : 1);
  };
  const seeded = findParts(ink, levels).filter((part) => part.seeded);
  if (!seeded.length) return null;
  const main = seeded.reduce((best, part) => (score(part) > score(best) ? part : best));
  const allowed = seeded.filter((p) => !touches(p) || (touches(main) && !isPage(p)));
  const chosen = gather(main, allowed);
  const left = seeded.filter((part) => !isPage(part) && !chosen.includes(part));
  return {
    ...boxAround(chosen),
    pixels: chosen.flatMap((part) => part.pixels),
    others: left.filter((part) => heightOf(part) > NEIGHBOUR_HEIGHT * heightOf(main)).length,
    atBorder: chosen.some(touches),
  };
}

/** Return the main part and the parts that belong to it: a 5's roof, the halves of a broken 8. */
function gather(main, allowed) {
  const size = extentOf(main);
  const isLarge = (p) =>
    extentOf(p) >= SPECK_SIZE * size || p.pixels.length >= SPECK_SIZE ** 2 * main.pixels.length;
  let chosen = [main];
  let waiting = allowed.filter((part) => part !== main && isLarge(part));
  for (;;) {
    const box = boxAround(chosen);
    const isNear = (p) => {
      const down = Math.max(p.top - box.bottom, box.top - p.bottom);
      const across = Math.max(p.left - box.right, box.left - p.right);
      const apart = Math.max(down, across);
      const diagonal =
        -down < Math.min(heightOf(p), heightOf(box)) * MOST_OVERLAP &&
        -across < Math.min(p.right - p.left, box.right - box.left) * MOST_OVERLAP;
      const another =
        (apart > NEIGHBOUR_DISTANCE * extentOf(box) || diagonal) &&
        heightOf(p) > NEIGHBOUR_HEIGHT * heightOf(box);
      return apart <= LARGEST_GAP * extentOf(box) && !another;
    };
    const near = waiting.filter(isNear);
    if (!near.length) return chosen;
    waiting = waiting.filter((part) => !near.includes(part));
    chosen = [...chosen, ...near];
  }
}
