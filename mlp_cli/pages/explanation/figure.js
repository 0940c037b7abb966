/**
 * The network, drawn: units as circles with their values, large layers as strips of cells, an image
 * as itself, and the connections between them.
 * @typedef {{n: number, left: number, right: number, y: (i: number) => number, radius: number}} Place
 */

const SVG = "http://www.w3.org/2000/svg";
const MOST_CONNECTIONS = 200; // drawn between two layers; of more, those that carry most
const MOST_NUMBERED = 9; // connections between two layers whose weights are written beside them
const STRIP_ROWS = 40; // cells of a large layer, one below the other
const LEAST_NUMBERED = 14; // radius of a circle that has room for a number
const MARGIN = 14;
const NARROW = 480; // pixels of a telephone's drawing

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Return the drawing of a step, so many pixels wide. @param {Step} step @param {View} view */
function drawNetwork(step, view, width) {
  const { net } = view;
  const blocks = net.sizes.map((n, k) => blockOf(n, k === 0 ? saved.image : null, width < NARROW));
  const height = Math.max(...blocks.map((block) => block.height)) + 2 * MARGIN;
  width = Math.max(
    width,
    blocks.reduce((sum, block) => sum + block.width + 40, 0),
  );
  const [first, last] = [blocks[0].width / 2 + MARGIN, blocks.at(-1).width / 2 + MARGIN];
  const places = blocks.map((block, k) => {
    const x = net.L > 1 ? first + (k * (width - first - last)) / (net.L - 1) : width / 2;
    const y = (i) => height / 2 + block.at(i);
    return { ...block, x, y, left: x - block.width / 2, right: x + block.width / 2 };
  });
  const drawing = svg("svg", {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": `The network ${net.sizes.join("-")}. ${spokenColumns(step, view)}`,
  });
  const numbers = [];
  for (let l = 2; l <= net.L; l++) {
    drawing.append(connections(step, view, l, places[l - 2], places[l - 1], numbers));
  }
  places.forEach((place, k) => drawing.append(layerDrawing(step, view, k + 1, place)));
  drawing.append(...numbers);
  const names = html("div", { class: "columns-named", "aria-hidden": "true" });
  step.columns.forEach((key, k) => {
    const label = html("span", key ? { "data-term": key } : {}, key ? formula("inline", nameOf(key)) : "·");
    label.style.left = `${places[k].x}px`;
    names.append(label);
  });
  names.style.width = `${width}px`;
  return html("div", { class: "drawing" }, names, drawing);
}

/** Return the size of a layer's drawing, and how far below its middle each unit lies. */
function blockOf(n, image, isNarrow) {
  if (image) {
    const cell = Math.max(1, Math.min(4, (isNarrow ? 84 : 112) / Math.max(...image)));
    const [rows, cols] = image;
    const at = (i) => (Math.floor(i / cols) + 0.5 - rows / 2) * cell;
    return { n, rows, cols, width: cols * cell, height: rows * cell, at, radius: 0 };
  }
  if (n <= MAX_SHOWN_UNITS) {
    const gap = isNarrow && n > 5 ? 28 : Math.max(43, Math.min(104, 440 / n));
    const radius = Math.min(26, gap / 2 - 3);
    return {
      n,
      width: 2 * radius,
      height: (n - 1) * gap + 2 * radius + 16,
      at: (i) => (i - (n - 1) / 2) * gap,
      radius,
    };
  }
  const cols = Math.max(1, Math.min(Math.ceil(n / STRIP_ROWS), Math.ceil(Math.sqrt(n))));
  const rows = Math.ceil(n / cols);
  const cell = Math.max(2, Math.min(12, (isNarrow ? 270 : 380) / rows, 120 / cols));
  const at = (i) => (Math.floor(i / cols) + 0.5 - rows / 2) * cell;
  return { n, rows, cols, width: cols * cell, height: rows * cell, at, radius: 0 };
}

/** Return a layer: circles, a strip, or the image. */
function layerDrawing(step, view, l, place) {
  const key = step.columns[l - 1];
  const quantity = key && quantityOf(key, view);
  const group = svg("g", { class: step.units === l ? "layer active" : "layer" });
  if (key) group.dataset.term = key;
  if (!place.radius) {
    const map = html("canvas");
    if (!quantity) [map.width, map.height] = [place.cols, place.rows];
    else if (l === 1 && saved.image) paintImage(map, quantity.values, place.rows, place.cols);
    else
      paintSigned(
        map,
        Float64Array.from({ length: place.rows * place.cols }, (_, k) => quantity.values[k] ?? 0),
        place.rows,
        place.cols,
      );
    const box = {
      x: place.left,
      y: place.y(0) - place.at(0) - place.height / 2,
      width: place.width,
      height: place.height,
    };
    group.append(
      svg("image", { ...box, href: map.toDataURL(), preserveAspectRatio: "none" }),
      svg("rect", { ...box, class: "frame" }),
    );
    return group;
  }
  const most = quantity ? largestOf(quantity.values) : 0;
  for (let i = 0; i < place.n; i++) {
    const circle = svg("circle", { cx: place.x, cy: place.y(i), r: place.radius });
    const unit = svg(
      "g",
      { class: quantity ? "unit" : "unit unknown" },
      svg("circle", { cx: place.x, cy: place.y(i), r: place.radius, class: "ground" }),
      circle,
    );
    if (quantity) {
      const value = shownEntry(quantity, i);
      shade(circle, value, key.startsWith("a") ? Math.max(1, most) : most);
      if (place.radius > LEAST_NUMBERED) unit.append(numberWithin(place, i, value));
    }
    if (l > 1 && place.n <= 4)
      unit.append(label(place.x, place.y(i) + place.radius + 9, `b ${inFigures(view.net.b[l][i])}`, "beside"));
    group.append(unit);
  }
  return group;
}

const label = (x, y, text, name) => svg("text", { x, y, class: name }, text);

/** The value of a unit in its circle, as small as it must be to fit. */
function numberWithin({ x, y, radius }, i, value) {
  const text = label(x, y(i), inFigures(value, radius > 22 ? 4 : 3), "value");
  text.style.fontSize = `${Math.min(11.5, (2 * radius - 3) / (0.6 * text.textContent.length)).toFixed(1)}px`;
  return text;
}

/** A number on a line, with the paper behind it. */
function labelOnLine(x, y, text) {
  const width = 6.6 * text.length + 4;
  const ground = svg("rect", { x: x - width / 2, y: y - 8, width, height: 16, rx: 3 });
  return svg("g", { class: "label" }, ground, label(x, y, text, "beside"));
}

/** Return the connections into layer l: width by size, colour by sign. */
function connections(step, view, l, from, to, numbers) {
  const { net, passes } = view;
  const [W, a] = [net.W[l], passes.a[l - 1]];
  const isActive = step.connections === l;
  const group = svg("g", { class: isActive ? "connections active" : "connections", "data-term": `W${l}` });
  const most = largestOf(W) || 1;
  for (const k of carrying(W, a)) {
    const [i, j] = [Math.floor(k / from.n), k % from.n];
    const ends = { x1: from.right, y1: from.y(j), x2: to.left, y2: to.y(i) };
    const one = svg("g", { class: `connection ${W[k] < 0 ? "below" : "above"}`, "data-weight": `${l},${i},${j}` });
    const width =
      (W.length > MOST_NUMBERED ? 0.4 : 1) + (W.length > MOST_NUMBERED ? 2.6 : 6) * (Math.abs(W[k]) / most || 0);
    one.append(
      svg("line", { ...ends, "stroke-width": width.toFixed(2) }),
      svg("line", { ...ends, class: "reach" }),
    );
    group.append(one);
    if (W.length > MOST_NUMBERED) continue;
    const [x, y] = [ends.x1 + 0.3 * (ends.x2 - ends.x1), ends.y1 + 0.3 * (ends.y2 - ends.y1)];
    numbers.push(labelOnLine(x, y, inFigures(W[k])));
  }
  return group;
}

/** Return which weights to draw: all, or those with the largest products w a. */
function carrying(W, a) {
  const carried = W.length > MOST_CONNECTIONS ? W.map((w, k) => w * a[k % a.length]) : W;
  return farthest(carried, MOST_CONNECTIONS);
}

/** Return what the layers show, in words, where their numbers are few. */
function spokenColumns(step, view) {
  return step.columns.flatMap((key) => (key ? [spokenValues(key, view)] : [])).join(". ");
}

/** Return a quantity in words: its numbers where they are few, or its size. */
function spokenValues(key, view) {
  const quantity = quantityOf(key, view);
  if (quantity.values.length > 4) return `${spokenName(key)}: ${digestOf(quantity).textContent}`;
  const rows =
    quantity.cols > 1
      ? Array.from(quantity.values, (_, k) => [Math.floor(k / quantity.cols), k % quantity.cols])
      : Array.from(quantity.values, (_, i) => [i, 0]);
  return `${spokenName(key)} is ${rows.map(([i, j]) => inFigures(shownEntry(quantity, i, j))).join(", ")}`;
}
