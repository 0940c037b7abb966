/** How the network sees images: the views of Python's learning/views.py, number for number. */

const VIEW_STEPS = 256; // positions in a pixel

/** Return an image by the view of the network.
 * @param {number[]} pixels 0..255, row by row @param {number[]} shape rows, columns
 * @param {string} view plain, deslant or width-N @returns {number[]} */
function viewed(pixels, [rows, columns], view) {
  if (view === "plain" || !pixels.some((pixel) => pixel)) return pixels;
  const lines = Array.from({ length: rows }, (_, r) => pixels.slice(r * columns, (r + 1) * columns));
  return (view === "deslant" ? deslanted(lines) : stretched(lines, Number(view.split("-")[1]))).flat();
}

/** Return the rows of an image sheared until the mixed central moment is 0.
 * @param {number[][]} lines */
function deslanted(lines) {
  return movesOf(lines).map((move, r) => {
    const whole = Math.floor(move / VIEW_STEPS);
    const part = move - whole * VIEW_STEPS;
    return lines[r].map((_, c) => {
      const near = lines[r][c + whole] ?? 0;
      const next = lines[r][c + whole + 1] ?? 0;
      return Math.floor((near * (VIEW_STEPS - part) + next * part + VIEW_STEPS / 2) / VIEW_STEPS);
    });
  });
}

/** Return how far every row moves to the left, in steps, so that no ink leaves the image. */
function movesOf(lines) {
  const mass = lines.map(sumOf);
  const first = lines.map((line) => momentOf(line, 0));
  const [total, sumR] = [sumOf(mass), momentOf(mass, 0)];
  const mixed = total * momentOf(first, 0) - sumR * sumOf(first);
  const spread = total * mass.reduce((sum, m, r) => sum + m * (r * r), 0) - sumR * sumR;
  const slant = mixed / Math.max(spread, 1);
  const moves = lines.map((_, r) => slant * ((r * total - sumR) / total));
  const shares = lines.map((line, r) => {
    if (!mass[r]) return 1;
    const ink = (level) => level > 0;
    const free = moves[r] > 0 ? line.findIndex(ink) : line.length - 1 - line.findLastIndex(ink);
    return Math.abs(moves[r]) > free ? free / Math.abs(moves[r]) : 1;
  });
  const share = Math.min(...shares);
  return moves.map((move, r) => (mass[r] ? Math.floor(move * share * VIEW_STEPS + 0.5) : 0));
}

/** Return the rows of an image with its inked box stretched to so many columns, and centred.
 * @param {number[][]} lines @param {number} width */
function stretched(lines, width) {
  const columns = lines[0].length;
  const inked = lines[0].map((_, c) => lines.some((line) => line[c]));
  const left = inked.indexOf(true);
  const box = inked.lastIndexOf(true) + 1 - left;
  const weights = stretching(box, width);
  const levels = lines.map((line) =>
    weights.map((column) => {
      const sum = column.reduce((light, weight, c) => light + weight * line[left + c], 0);
      return Math.min(Math.floor((sum + VIEW_STEPS / 2) / VIEW_STEPS), 255);
    }),
  );
  const mass = levels[0].map((_, j) => sumOf(levels.map((line) => line[j])));
  const total = Math.max(sumOf(mass), 1);
  const middle = Math.floor((columns * total - 2 * momentOf(mass, 0) + total) / (2 * total));
  const at = Math.min(Math.max(middle, 0), columns - width);
  return levels.map((line) => inked.map((_, c) => line[c - at] ?? 0));
}

/** Return for each of `width` columns the weights of those of the box, in steps. */
function stretching(box, width) {
  const reach = Math.max(1, box / width);
  return Array.from({ length: width }, (_, j) => {
    const at = ((j + 0.5) * box) / width - 0.5;
    return Array.from({ length: box }, (_, c) => {
      const near = Math.max(1 - Math.abs(at - c) / reach, 0);
      return Math.floor((near / reach) * VIEW_STEPS + 0.5);
    });
  });
}
