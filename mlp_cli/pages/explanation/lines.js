/** How single numbers come about: a step's entries worked out, and its central differences. */

const { SHOWN_OF_LARGE } = saved.limits;
const MOST_TERMS = 5; // of a sum that is written out; of a longer one, the largest
const TERMS_OF_MANY = 3;
const LINES = 4; // entries of a small result that are all worked out
const LINES_OF_MANY = 3; // of a larger one, those farthest from 0

/** A number of a line, which is marked together with its quantity. */
function factor(key, view, i, j = 0) {
  const value = shownEntry(quantityOf(key, view), i, j);
  const element = html("span", { class: "factor", "data-term": key }, asFactor(value));
  const weight = weightAt(key, i, j);
  if (weight) element.dataset.weight = `${weight.l},${weight.i},${weight.j}`;
  return element;
}

/** Return the sum of products and what is added; of many products, the largest.
 * @param {[number, () => (Node|string)[]][]} products each value, and how it is written */
function sumOfProducts(products) {
  const isLong = products.length > MOST_TERMS;
  const values = products.map(([value]) => value);
  const kept = farthest(values, isLong ? TERMS_OF_MANY : MOST_TERMS);
  const parts = kept.flatMap((k, at) => [...(at ? [" + "] : []), ...products[k][1]()]);
  if (!isLong) return parts;
  const rest = sumOf(values) - sumOf(kept.map((k) => values[k]));
  return [...parts, ` + ${asFactor(rest)} from ${(products.length - TERMS_OF_MANY).toLocaleString("en")} more`];
}

/** Return the right side of an entry's equation. @param {View} view */
function workedOut(key, view, i, j) {
  const { symbol, l } = parsed(key);
  const { net, passes } = view;
  const of = (name, ...entry) => factor(name, view, ...entry);
  if (symbol === "z") {
    const a = passes.a[l - 1];
    const products = Array.from(a, (each, k) => [
      net.W[l][i * a.length + k] * each,
      () => [of(`W${l}`, i, k), " · ", of(`a${l - 1}`, k)],
    ]);
    return [...sumOfProducts(products), " + ", of(`b${l}`, i)];
  }
  if (symbol === "d_a" && l < net.L) {
    const [n, d_z] = [unitsOf(net, l), passes.d_z[l + 1]];
    return sumOfProducts(
      Array.from(d_z, (each, k) => [
        net.W[l + 1][k * n + i] * each,
        () => [of(`W${l + 1}`, k, i), " · ", of(`d_z${l + 1}`, k)],
      ]),
    );
  }
  const [a, y] = [`a${l}`, "y"];
  if (symbol === "a" && l > 1) {
    const name = l === net.L ? net.output : net.activation;
    return name === "softmax"
      ? ["e^", of(`z${l}`, i), " / their sum"]
      : [name === "sigmoid" ? "σ" : name, "(", of(`z${l}`, i), ")"];
  }
  if (symbol === "d_a") {
    if (net.cost === "quadratic") return [of(a, i), " − ", of(y, i)];
    if (net.cost === "log-likelihood") return ["−", of(y, i), " / ", of(a, i)];
    return ["(", of(a, i), " − ", of(y, i), ") / (", of(a, i), " · (1 − ", of(a, i), "))"];
  }
  if (symbol === "d_z")
    return passes.slope[l] ? [of(`d_a${l}`, i), " · ", of(`slope${l}`, i)] : [of(a, i), " − ", of(y, i)];
  if (symbol === "d_b") return [of(`d_z${l}`, i)];
  if (symbol === "D_W") return [of(`d_z${l}`, i), " · ", of(`a${l - 1}`, j)];
  return null;
}

/** Return the cost worked out, where the outputs are few. @param {View} view */
function workedCost(view) {
  const { net, passes } = view;
  const value = html("strong", {}, inFigures(passes.C, 6));
  const outputs = [...saved.y.keys()];
  if (outputs.length > LINES) return html("p", {}, "C = ", value);
  const [a, y] = [(i) => factor(`a${net.L}`, view, i), (i) => factor("y", view, i)];
  const termOf = {
    quadratic: (i) => ["(", y(i), " − ", a(i), ")²"],
    "cross-entropy": (i) => [y(i), " ln ", a(i), " + (1 − ", y(i), ") ln(1 − ", a(i), ")"],
    "log-likelihood": (i) => [y(i), " ln ", a(i)],
  }[net.cost];
  const sum = outputs.flatMap((i) => [...(i ? [" + "] : []), ...termOf(i)]);
  return html("p", {}, `C = ${net.cost === "quadratic" ? "½ (" : "−("}`, ...sum, ") = ", value);
}

/** Return the entries of a quantity that are shown: all of a few, or the farthest from 0. */
function chosenEntries({ values, cols }, most) {
  return farthest(values, most).map((k) => [Math.floor(k / cols), k % cols]);
}

/** Return lines that work out entries of the step's result. @param {Step} step @param {View} view */
function workedLines(step, view) {
  const quantity = step.result && quantityOf(step.result, view);
  if (!quantity || !workedOut(step.result, view, 0, 0)) return "";
  const isMatrix = step.result.startsWith("D_W");
  const entries = chosenEntries(quantity, quantity.values.length > LINES ? LINES_OF_MANY : LINES);
  const list = html("ul", { class: "worked" });
  for (const [i, j] of entries) {
    const name = formula("inline", entryName(step.result, i + 1, isMatrix ? j + 1 : undefined));
    const value = html("strong", {}, inFigures(shownEntry(quantity, i, j)));
    list.append(html("li", {}, name, " = ", ...workedOut(step.result, view, i, j), " = ", value));
  }
  const which =
    entries.length < quantity.values.length
      ? ` (the ${entries.length} farthest from 0 of ${quantity.values.length.toLocaleString("en")})`
      : "";
  return html("section", {}, html("h3", {}, `With the numbers${which}`), list);
}

/** Return a table of a derivative beside its central differences. @param {Step} step @param {View} view */
function comparison(step, view) {
  if (!step.compared) return "";
  const { symbol, l } = parsed(step.compared);
  const quantity = quantityOf(step.compared, view);
  const isMatrix = symbol === "D_W";
  const entries = chosenEntries(quantity, hasNumbers(quantity) ? 12 : SHOWN_OF_LARGE);
  const table = html("table", { class: "compared" });
  table.innerHTML =
    "<thead><tr><th scope=col>entry</th><th scope=col>derivative</th>" +
    "<th scope=col>central difference</th><th scope=col>deviation</th></tr></thead><tbody></tbody>";
  for (const [i, j] of entries) {
    const row = table.tBodies[0].insertRow();
    const d = shownEntry(quantity, i, j);
    const c = centralDifference(view.net, view.passes, saved.y, symbol, l, i, j);
    const name = formula("inline", entryName(step.compared, i + 1, isMatrix ? j + 1 : undefined));
    name.setAttribute("aria-hidden", "true");
    const words = `${spokenName(step.compared)}, ${isMatrix ? `${i + 1} ${j + 1}` : i + 1}`;
    row.append(html("th", { scope: "row" }, name, html("span", { class: "unseen" }, words)));
    const cells = [
      inFigures(d, 6),
      Number.isNaN(c) ? "none" : inFigures(c, 6),
      deviationInWords(d, c, view.passes),
    ];
    for (const text of cells) row.insertCell().textContent = text;
    const weight = weightAt(step.compared, i, j);
    if (weight) row.dataset.weight = `${weight.l},${weight.i},${weight.j}`;
  }
  const of = entries.length < quantity.values.length ? `, the ${entries.length} farthest from 0` : "";
  return html(
    "section",
    {},
    html("h3", {}, `Beside its central difference${of}`),
    html("div", { class: "scrolls", tabindex: "0" }, table),
    html(
      "p",
      { class: "note" },
      "The central difference measures the slope of the cost at both sides of one value, without any Fact.",
    ),
  );
}
