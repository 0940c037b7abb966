/** The hidden units: a cell for each, as light as its activation, and the weights of one of them. */

const POSITIVE = [47, 126, 216]; // the report's colours of weights
const NEGATIVE = [224, 118, 26];

/** @param {HTMLCanvasElement} cells one pixel each @param {ArrayLike<number>} levels 0..1; where
 * there is none, the cell is clear */
function paintCells(cells, levels) {
  paint(cells, (i) => {
    const level = 255 * limited(levels[i] ?? 0);
    return [level, level, level, i < levels.length ? 255 : 0];
  });
}

/** Paint weights blue above 0 and orange below, opaque where they are as large as the largest.
 * @param {HTMLCanvasElement} cells @param {ArrayLike<number>} weights */
function paintWeights(cells, weights) {
  const most = weights.reduce((largest, w) => Math.max(largest, Math.abs(w)), 0) || 1;
  paint(cells, (i) => {
    const w = weights[i] ?? 0;
    return [...(w > 0 ? POSITIVE : NEGATIVE), (255 * Math.abs(w)) / most];
  });
}

/** @param {(i: number) => number[]} colour red, green, blue and opacity of a cell, 0..255 */
function paint(cells, colour) {
  const context = cells.getContext("2d");
  const image = context.createImageData(cells.width, cells.height);
  for (let i = 0; i < cells.width * cells.height; i++) image.data.set(colour(i), 4 * i);
  context.putImageData(image, 0, 0);
}

/** Return a new element with a class and a text. */
function newElement(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return element;
}

const STEPS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: (n) => -n, ArrowDown: (n) => n };

/** The hidden layers of a network, of which one unit is chosen by pointer or arrow keys. */
class HiddenUnits {
  /** @param {HTMLElement} box @param {Saved} saved @param {Layer[]} layers */
  constructor(box, saved, layers) {
    this.saved = saved;
    this.layers = layers;
    /** @type {Float64Array[]} of every layer; none while nothing is read */
    this.activations = [];
    this.views = saved.sizes.slice(1, -1).map((n, l) => this.build(box, n, l));
    this.weights = newElement("canvas");
    this.weights.setAttribute("role", "img");
    this.caption = newElement("figcaption");
    const figure = newElement("figure");
    figure.append(this.caption, this.weights, legend("−", "weights", "+").scale);
    if (this.views.length) {
      box.append(figure);
      this.choose(0, 0);
    }
  }

  /** Build the cells of a hidden layer of n units. */
  build(box, n, l) {
    const cells = newElement("canvas");
    cells.width = Math.ceil(Math.sqrt(n));
    cells.height = Math.ceil(n / cells.width);
    const attributes = { role: "slider", tabindex: 0, "aria-label": `units of layer ${l + 2}`, "aria-valuemin": 1, "aria-valuemax": n };
    for (const [name, value] of Object.entries(attributes)) cells.setAttribute(name, value);
    const [around, frame] = [newElement("div", "cells"), newElement("span", "frame")];
    around.append(cells, frame);
    const { scale, most } = legend(this.saved.activation === "tanh" ? "−1" : "0", "activation", "1");
    const figure = newElement("figure");
    figure.append(newElement("figcaption", "", `Layer ${l + 2}: ${n}`), around, scale);
    box.append(figure);
    const choose = (event) => {
      const area = cells.getBoundingClientRect();
      const c = Math.floor(((event.clientX - area.left) / area.width) * cells.width);
      const r = Math.floor(((event.clientY - area.top) / area.height) * cells.height);
      this.choose(l, r * cells.width + c);
    };
    cells.addEventListener("pointerdown", choose);
    cells.addEventListener("pointermove", choose);
    cells.addEventListener("focus", () => this.choose(l, this.layer === l ? this.unit : 0));
    cells.addEventListener("keydown", (event) => {
      if (!STEPS[event.key]) return;
      event.preventDefault();
      this.choose(l, this.unit + STEPS[event.key](cells.width));
    });
    return { cells, frame, most };
  }

  /** Show the weights of a unit, from 0; where there is none, of the one before. */
  choose(layer, unit) {
    if (unit < 0 || unit >= this.saved.sizes[layer + 1]) return;
    [this.layer, this.unit] = [layer, unit];
    const from = layer ? this.views[layer - 1].cells : { height: this.saved.shape[0], width: this.saved.shape[1] };
    [this.weights.height, this.weights.width] = [from.height, from.width];
    const n = this.saved.sizes[layer];
    paintWeights(this.weights, this.layers[layer].W.subarray(unit * n, (unit + 1) * n));
    this.describe();
  }

  /** Show these activations of every layer; none where nothing is read. */
  show(activations) {
    this.activations = activations;
    this.views.forEach(({ cells, most: end }, l) => {
      const a = activations[l + 1] ?? [];
      const least = this.saved.activation === "tanh" ? -1 : 0;
      const most = this.saved.activation === "relu" ? Math.max(...a, 1e-9) : 1;
      paintCells(cells, Array.from(a, (value) => (value - least) / (most - least)));
      if (this.saved.activation === "relu" && a.length) end.textContent = most.toFixed(2);
    });
    if (this.views.length) this.describe();
  }

  /** Write which unit is chosen and what its activation is, and frame its cell. */
  describe() {
    const { layer, unit } = this;
    const activation = this.activations[layer + 1]?.[unit];
    const words = `Unit ${unit + 1}${activation === undefined ? "" : `: ${activation.toFixed(3)}`}`;
    this.caption.textContent = words;
    this.weights.setAttribute("aria-label", `weights of unit ${unit + 1} of layer ${layer + 2}`);
    this.views.forEach(({ cells, frame }, l) => {
      frame.hidden = l !== layer;
      cells.setAttribute("aria-valuenow", l === layer ? unit + 1 : 1);
      cells.setAttribute("aria-valuetext", l === layer ? words : "Unit 1");
      frame.style.width = `${100 / cells.width}%`;
      frame.style.height = `${100 / cells.height}%`;
      frame.style.left = `${(100 * (unit % cells.width)) / cells.width}%`;
      frame.style.top = `${(100 * Math.trunc(unit / cells.width)) / cells.height}%`;
    });
  }
}

/** Return a scale between two ends: of grey for activations, of colours for weights. */
function legend(least, name, most) {
  const scale = newElement("p", "legend");
  const ends = [least, most].map((end) => newElement("span", "", end));
  scale.append(ends[0], newElement("span", `ramp ${name}`), ends[1], newElement("b", "", name));
  return { scale, most: ends[1] };
}
