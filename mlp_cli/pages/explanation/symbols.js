/**
 * The derivation's symbols in MathML, and as words.
 *
 * A quantity has a key: its symbol and its layer, as in W2, a1, d_z3, D_W3 and new_W2; y alone has
 * no layer. W3t and a2t are transposes.
 */

const MATHML = "http://www.w3.org/1998/Math/MathML";
const KEY = /^(new_b|new_W|d_a|d_z|d_b|D_W|slope|[xyabzW])(\d*)(t?)$/;

/** Return a MathML element. @param {string} tag @param {...(Node|string)} children */
function math(tag, ...children) {
  const element = document.createElementNS(MATHML, tag);
  element.append(...children);
  return element;
}
const mi = (name) => math("mi", name);
const mo = (sign) => math("mo", sign);
const mn = (number) => math("mn", String(number));
const mrow = (...children) => math("mrow", ...children);
/** Parentheses of the height of a letter, so that a formula stays on one line. */
function parenthesised(...children) {
  const [open, close] = [mo("("), mo(")")];
  for (const each of [open, close]) each.setAttribute("stretchy", "false");
  return mrow(open, ...children, close);
}
const lnOf = (argument) => mrow(space(), mi("ln"), space(), argument);
const fraction = (over, under) => math("mfrac", over, under);
const withLayer = (symbol, l) => math("msup", mi(symbol), typeof l === "string" ? mi(l) : mn(l));

/** Return a little room, as around a function's name. */
function space() {
  const element = math("mspace");
  element.setAttribute("width", "0.17em");
  return element;
}

/** Return a formula. @param {"block"|"inline"} display */
function formula(display, ...children) {
  const element = math("math", ...children);
  element.setAttribute("display", display);
  return element;
}

/** Return a key's symbol, layer, and whether it is transposed. */
function parsed(key) {
  const [, symbol, l, t] = KEY.exec(key);
  return { symbol, l: Number(l), isTransposed: t === "t" };
}

/** Return the symbol of a quantity in MathML. */
function nameOf(key) {
  const { symbol, l, isTransposed } = parsed(key);
  if (isTransposed) return math("msup", parenthesised(nameOf(symbol + l)), mi("t"));
  if (symbol === "y") return mi("y");
  if (symbol === "slope") return mrow(math("msup", sigmaName(l), mo("′")), parenthesised(withLayer("z", l)));
  if (symbol.startsWith("new_")) return math("msubsup", mi(symbol[4]), math("mtext", "new"), mn(l));
  if (symbol[1] === "_") return mrow(math("msub", mi(symbol[0]), withLayer(symbol[2], l)), mi("C"));
  return withLayer(symbol, l);
}

/** Return the symbol of one entry: of component i, or of row i and column j, counted from 1. */
function entryName(key, i, j) {
  const { symbol, l } = parsed(key);
  const index = j === undefined ? mn(i) : mrow(mn(i), mn(j));
  if (j > 9 || (j !== undefined && i > 9)) index.insertBefore(mo(","), index.lastChild);
  const of = (name) => math("msubsup", mi(name), index, mn(l));
  if (symbol === "y") return math("msub", mi("y"), index);
  if (symbol === "slope") return mrow(math("msup", sigmaName(l), mo("′")), parenthesised(of("z")));
  if (symbol.startsWith("new_")) return mrow(math("mtext", "new "), of(symbol[4].toLowerCase()));
  if (symbol[1] === "_") return mrow(math("msub", mo("∂"), of(symbol[2].toLowerCase())), mi("C"));
  return of(symbol.toLowerCase());
}

/** Return the symbol of layer l's activation function. */
function sigmaName(l) {
  const name = l === saved.sizes.length ? saved.output : saved.activation;
  return name === "sigmoid" ? mi("σ") : math("mi", name);
}

/** Return a quantity as a term of a formula, which is marked where the reader points at it. */
function term(key) {
  const element = mrow(nameOf(key));
  element.setAttribute("data-term", key.replace(/t$/, ""));
  return element;
}

const WORDS = { d_a: "d a", d_z: "d z", d_b: "d b", D_W: "D W", new_b: "new b", new_W: "new W", slope: "slope" };

/** Return a quantity's name for a screen reader: `z 2`, `d z 3 of C`. */
function spokenName(key) {
  const { symbol, l, isTransposed } = parsed(key);
  const name = `${WORDS[symbol] ?? symbol}${l ? ` ${l}` : ""}${symbol[1] === "_" ? " of C" : ""}`;
  return isTransposed ? `${name}, transposed` : name;
}

/** Return a number in few characters: `0.7311`, `−1.25e−5`. places: decimal places, 3 or more. */
function inFigures(value, places = 4) {
  if (!Number.isFinite(value)) return String(value).replace("-", "−").replace("Infinity", "∞");
  const size = Math.abs(value);
  const isFixed = size === 0 || (size >= 10 ** (1 - Math.min(places, 4)) && size < 10 ** (places + 1));
  const text = isFixed ? value.toFixed(places) : value.toExponential(places - 2);
  return text
    .replace(/^-(?=0(\.0*)?$)/, "")
    .replaceAll("-", "−")
    .replace("e+", "e");
}

/** Return a number as a factor: in parentheses below 0. */
const asFactor = (value) => (value < 0 ? `(${inFigures(value)})` : inFigures(value));

const counted = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** Return an HTML element. @param {string} tag @param {Object<string, string>} attributes */
function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
