/** The last step: the cost before and after the update, and the same example again and again. */

/** Return what the update did to the cost, with buttons. @param {View} view */
function learningView(view, { isPrinted }) {
  const [before, after] = view.costs.slice(-2);
  const count = view.costs.length - 1;
  const entry = (id, name, value) =>
    html("div", {}, html("dt", {}, name), html("dd", isPrinted ? {} : { id }, inFigures(value, 6)));
  const costs = html(
    "dl",
    { class: "costs" },
    entry("before", "C before", before),
    entry("after", `C after update ${count}`, after),
  );
  const section = html("section", { class: "learning" }, html("h3", {}, "The cost"), costs);
  if (count > 1) section.append(costLine(view.costs));
  if (isPrinted) return section;
  const button = (id, words) => html("button", { type: "button", id }, words);
  section.append(
    html(
      "p",
      { class: "note" },
      "“Again” takes the same example through both passes with the new parameters, and updates once more.",
    ),
    html(
      "div",
      { class: "buttons" },
      button("again", "Again"),
      button("twenty", "20 times"),
      button("restart", "Start over"),
    ),
  );
  return section;
}

/** Return the cost after every update as a line. @param {number[]} costs */
function costLine(costs) {
  const [width, height, edge] = [320, 96, 6];
  const finite = costs.filter(Number.isFinite);
  const most = Math.max(...finite, 1e-12);
  const x = (k) => edge + (k * (width - 2 * edge)) / (costs.length - 1);
  const y = (C) => height - edge - (Math.min(C, most) / most) * (height - 2 * edge) || edge;
  const points = costs.map((C, k) => `${x(k).toFixed(1)},${y(C).toFixed(1)}`);
  const drawing = svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      class: "cost-line",
      role: "img",
      "aria-label": `The cost of every update, from ${inFigures(costs[0], 6)} to ${inFigures(costs.at(-1), 6)}`,
    },
    svg("line", { x1: edge, x2: width - edge, y1: height - edge, y2: height - edge, class: "axis" }),
    svg("polyline", { points: points.join(" ") }),
    svg("circle", { cx: x(costs.length - 1), cy: y(costs.at(-1)), r: 3.5 }),
  );
  const [first, last] = [inFigures(costs[0]), inFigures(costs.at(-1))];
  const words = `${first} before, ${last} after ${counted(costs.length - 1, "update")}; the axis begins at 0`;
  return html("figure", {}, drawing, html("figcaption", { class: "note" }, words));
}
