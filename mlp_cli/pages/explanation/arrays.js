/**
 * Vectors and matrices as heat maps: a table of numbers where they fit, cells without numbers where
 * they do not.
 * @typedef {{key: string, rows: number, cols: number, values: Float64Array, noise: number}} Quantity
 */

const { MAX_SHOWN_UNITS, ROUNDING_ULPS } = saved.limits;
const MOST_ROOMY = 5; // columns of numbers with four decimal places; more have three
const BLUE = [31, 111, 235]; // above 0
const ORANGE = [214, 92, 0]; // below 0

/** Return the largest size of an entry. A loop, since a matrix may have a million of them. */
function largestOf(values) {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}

/** Return the positions of the entries farthest from 0, in their order. */
function farthest(values, count) {
  const kept = [];
  for (let k = 0; k < values.length; k++) {
    const size = Math.abs(values[k]) || 0;
    if (kept.length === count && size <= kept.at(-1).size) continue;
    const place = kept.findIndex((other) => size > other.size);
    kept.splice(place < 0 ? kept.length : place, 0, { k, size });
    if (kept.length > count) kept.pop();
  }
  return kept.map(({ k }) => k).sort((p, q) => p - q);
}

/** Return what a key stands for. @param {string} key @param {View} view @returns {Quantity} */
function quantityOf(key, view) {
  const { net, passes } = view;
  const { symbol, l, isTransposed } = parsed(key);
  const lists = {
    ...passes,
    W: net.W,
    b: net.b,
    d_b: passes.d_z,
    new_W: view.after.W,
    new_b: view.after.b,
    y: [saved.y],
    x: [saved.x],
  };
  const values = lists[symbol][l];
  const isMatrix = symbol.endsWith("W");
  let [rows, cols] = isMatrix ? [unitsOf(net, l), unitsOf(net, l - 1)] : [values.length, 1];
  let shown = values;
  if (isTransposed) {
    if (isMatrix) shown = Float64Array.from(values, (_, k) => values[(k % rows) * cols + Math.floor(k / rows)]);
    [rows, cols] = [cols, rows];
  }
  return { key, rows, cols, values: shown, noise: noiseOf(symbol, l, view) };
}

/** Return below which size a value is a sum that rounding alone keeps from being 0. */
function noiseOf(symbol, l, { net, passes }) {
  const ulps = ROUNDING_ULPS * Number.EPSILON;
  const isSum = (symbol === "z" || symbol === "a") && l > 1 && (symbol === "z" || l < net.L);
  if (isSum) return ulps * largestOf(net.W[l]) * largestOf(passes.a[l - 1]);
  if (symbol === "d_a" && l < net.L) return ulps * largestOf(net.W[l + 1]) * largestOf(passes.d_z[l + 1]);
  return 0;
}

/** Return the entry at a row and a column, as it is shown. @param {Quantity} quantity */
function shownEntry({ values, cols, noise }, i, j = 0) {
  const value = values[i * cols + j];
  return Math.abs(value) < noise ? 0 : value;
}

const hasNumbers = ({ rows, cols }) => Math.max(rows, cols) <= MAX_SHOWN_UNITS;

/** Colour an element by a value: blue above 0, orange below, the stronger the larger. */
function shade(element, value, most) {
  const strength = most > 0 ? Math.min(Math.abs(value) / most, 1) || 0 : 0;
  element.style.setProperty("--strength", strength.toFixed(3));
  element.classList.add(value < 0 ? "below" : "above");
}

/** Return the row and the column, from 0, of the weight that an entry belongs to, or null. */
function weightAt(key, row, col) {
  const { symbol, l, isTransposed } = parsed(key);
  if (!symbol.endsWith("W")) return null;
  return isTransposed ? { l, i: col, j: row } : { l, i: row, j: col };
}

/** Return a quantity as a figure with its name. @param {string} key @param {View} view */
function heatMap(key, view) {
  const quantity = quantityOf(key, view);
  const isWide = !hasNumbers(quantity) && Math.min(quantity.rows, quantity.cols) > 1;
  const figure = html("figure", { class: isWide ? "array wide" : "array", "data-term": key.replace(/t$/, "") });
  figure.append(html("figcaption", {}, formula("inline", nameOf(key))));
  if (quantity.cols > MOST_ROOMY && quantity.rows === 1) figure.tabIndex = 0; // it may have to be scrolled
  if (hasNumbers(quantity)) figure.append(numberTable(quantity));
  else
    figure.append(
      /^a1t?$/.test(key) && saved.image ? inputImage(quantity) : cellMap(quantity),
      digestOf(quantity),
    );
  return figure;
}

/** Return a table with every number. Weights can be reached by Tab and the arrow keys. */
function numberTable(quantity) {
  const { key, rows, cols, values } = quantity;
  const isDense = cols > MOST_ROOMY;
  const table = html("table", {
    class: isDense ? "dense" : "",
    "aria-label": `${spokenName(key)}, ${rows} by ${cols}`,
  });
  const most = largestOf(values);
  for (let i = 0; i < rows; i++) {
    const line = table.insertRow();
    for (let j = 0; j < cols; j++) {
      const value = shownEntry(quantity, i, j);
      const cell = line.insertCell();
      cell.textContent = inFigures(value, isDense ? 3 : 4);
      shade(cell, value, most);
      const weight = weightAt(key, i, j);
      if (!weight) continue;
      cell.dataset.weight = `${weight.l},${weight.i},${weight.j}`;
      cell.tabIndex = i || j ? -1 : 0;
    }
  }
  return table;
}

/** Return a canvas with one pixel for every entry. A matrix can be walked with the arrow keys. */
function cellMap(quantity) {
  const { key, rows, cols, values } = quantity;
  const map = html("canvas", {
    role: "img",
    class: cols > 1 && rows > 1 ? "matrix" : cols > 1 ? "row" : "column",
  });
  map.setAttribute("aria-label", `${spokenName(key)}, ${rows} by ${cols}. ${digestOf(quantity).textContent}`);
  paintSigned(map, values, rows, cols);
  if (!weightAt(key, 0, 0)) return map;
  map.tabIndex = 0;
  map.dataset.map = key;
  return map;
}

/** Return the example as an image. */
function inputImage({ values }) {
  const map = html("canvas", { role: "img", class: "image", "aria-label": "the input as an image" });
  paintImage(map, values, ...saved.image);
  return map;
}

/** Paint an image as the datasets have it: ink white on black. */
function paintImage(map, values, rows, cols) {
  [map.width, map.height] = [cols, rows];
  const image = new ImageData(cols, rows);
  values.forEach((value, k) => {
    const level = 255 * Math.min(Math.max(value, 0), 1);
    image.data.set([level, level, level, 255], 4 * k);
  });
  map.getContext("2d").putImageData(image, 0, 0);
}

/** Paint one pixel a value: blue above 0, orange below, transparent at 0. */
function paintSigned(map, values, rows, cols) {
  [map.width, map.height] = [cols, rows];
  const image = new ImageData(cols, rows);
  const most = largestOf(values) || 1;
  values.forEach((value, k) => {
    const colour = value < 0 ? ORANGE : BLUE;
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = colour[c];
    image.data[4 * k + 3] = 255 * Math.min(Math.abs(value) / most, 1) || 0;
  });
  map.getContext("2d").putImageData(image, 0, 0);
}

/** Return a digest of what is too large for numbers. */
function digestOf({ rows, cols, values }) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const shape = cols > 1 && rows > 1 ? `${rows} × ${cols}` : counted(values.length, "number");
  return html(
    "p",
    { class: "digest" },
    html("span", {}, `${shape}, `),
    html("span", {}, `${inFigures(least)} to ${inFigures(most)}`),
  );
}
