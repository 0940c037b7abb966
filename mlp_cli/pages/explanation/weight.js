/** One weight: where it enters, in both passes and in the update. */

/** Return every place where w_ij of layer l enters, with its numbers. @param {View} view */
function whereItEnters({ l, i, j }, view) {
  const { net, passes } = view;
  const at = i * unitsOf(net, l - 1) + j;
  const w = formula("inline", entryName(`W${l}`, i + 1, j + 1));
  const number = (value, places) => html("strong", {}, inFigures(value, places));
  const entry = (key, ...indices) => formula("inline", entryName(key, ...indices));
  const [weight, a, d_z] = [net.W[l][at], passes.a[l - 1][j], passes.d_z[l][i]];
  const central = centralDifference(net, passes, saved.y, "D_W", l, i, j);
  const lines = [
    [
      "Feedforward",
      entry(`z${l}`, i + 1),
      " has the term ",
      factor(`W${l}`, view, i, j),
      " · ",
      factor(`a${l - 1}`, view, j),
      " = ",
      number(weight * a),
    ],
    [
      "Fact 5",
      entry(`D_W${l}`, i + 1, j + 1),
      " = ",
      factor(`d_z${l}`, view, i),
      " · ",
      factor(`a${l - 1}`, view, j),
      " = ",
      number(passes.D_W[l][at], 6),
      `, central difference ${Number.isNaN(central) ? "none" : inFigures(central, 6)}`,
    ],
  ];
  if (l > 2) {
    lines.push([
      "Fact 6",
      entry(`d_a${l - 1}`, j + 1),
      " has the term ",
      factor(`W${l}`, view, i, j),
      " · ",
      factor(`d_z${l}`, view, i),
      " = ",
      number(weight * d_z),
    ]);
  }
  lines.push([
    "Update",
    `${inFigures(weight)} − ${saved.eta} · ${asFactor(passes.D_W[l][at])} = `,
    number(view.after.W[l][at]),
  ]);
  const list = html("ul");
  for (const [name, ...content] of lines) list.append(html("li", {}, html("b", {}, name), " ", ...content));
  const intro = html(
    "p",
    {},
    w,
    " = ",
    number(weight),
    `, from unit ${j + 1} of layer ${l - 1} to unit ${i + 1} of layer ${l}`,
  );
  return l === 2 && saved.image ? [imageOfWeights(view, i), intro, list] : [intro, list];
}

/** Return the weights of a unit of layer 2 as an image, one for each pixel. */
function imageOfWeights(view, i) {
  const [rows, cols] = saved.image;
  const map = html("canvas", {
    role: "img",
    "aria-label": `the weights of unit ${i + 1} of layer 2, each at its pixel`,
  });
  paintSigned(map, view.net.W[2].slice(i * rows * cols, (i + 1) * rows * cols), rows, cols);
  return html("figure", { class: "pixels" }, map, html("figcaption", {}, `unit ${i + 1}`));
}
