/**
 * The page: the step that is shown, how to reach the others, and what the reader points at.
 * @typedef {{net: Network, passes: Passes, after: Network, costs: number[]}} View
 * costs: before the first update, and after every one so far; the last is that of `after`.
 */

const elements = Object.fromEntries(
  ["step", "drawing", "weight", "back", "next", "slider", "place", "title", "spoken", "proof", "all"].map((id) => [
    id,
    document.getElementById(id),
  ]),
);
const PAUSE = 150; // milliseconds between updates that are watched
const steps = stepsOf(saved);
const start = readNetwork(saved);
let view = viewOf(start, []);
let at = 0;
let running = 0;

/** Return all that the page shows of a network. @param {number[]} costs before it @returns {View} */
function viewOf(net, costs) {
  const passes = explain(net, saved.x, saved.y);
  const after = updated(net, passes, saved.eta);
  return {
    net,
    passes,
    after,
    costs: [...(costs.length ? costs : [passes.C]), costAfter(after, saved.x, saved.y)],
  };
}

const titleOf = (step) => `${step.part}: ${step.title}`;

/** Return the content of a step. @param {Step} step */
function stepView(step, { isPrinted = false } = {}) {
  const facts = step.facts.map((name) => {
    const button = html("button", { type: "button", class: "fact", "aria-haspopup": "dialog" }, name);
    button.dataset.proof = name.toLowerCase().replaceAll(" ", "-");
    return isPrinted ? html("span", { class: "fact" }, name) : button;
  });
  const shown = html("div", { class: "arrays" });
  for (const group of Array.isArray(step.shown[0]) ? step.shown : [step.shown]) {
    const line = html("div", { class: "equation" });
    for (let k = 0; k < group.length; k += 2) {
      const sign = group[k - 1] ? [html("span", { class: "sign" }, group[k - 1])] : [];
      line.append(html("div", { class: "part" }, ...sign, heatMap(group[k], view)));
    }
    shown.append(line);
  }
  return [
    html("h2", {}, titleOf(step)),
    html(
      "div",
      { class: "formula" },
      formula("block", ...step.formula()),
      step.also ? formula("block", ...step.also()) : "",
      html("div", { class: "facts" }, ...facts),
    ),
    html("p", {}, step.says),
    step.title === "the cost" ? workedCost(view) : "",
    step.part === "Update" ? learningView(view, { isPrinted }) : "",
    shown,
    workedLines(step, view),
    comparison(step, view),
  ].filter(Boolean);
}

/** Show the step again, as after a change of the parameters or of the width. */
function render() {
  const step = steps[at];
  elements.step.replaceChildren(...stepView(step));
  elements.drawing.replaceChildren(drawNetwork(step, view, elements.drawing.clientWidth));
  elements.back.disabled = at === 0;
  elements.next.disabled = at === steps.length - 1;
  elements.slider.value = at;
  elements.slider.setAttribute("aria-valuetext", `${at + 1} of ${steps.length}, ${titleOf(step)}`);
  elements.place.textContent = `${at + 1} / ${steps.length}`;
  const count = view.costs.length - 2;
  elements.title.textContent = titleOf(step) + (count ? `, after ${counted(count, "update")}` : "");
}

/** Mark the terms of a step one after the other, as they are used; its result comes last. */
function markInTurn(step) {
  const keys = step.shown
    .filter((part, k) => !(k % 2) && part !== step.result)
    .map((key) => key.replace(/t$/, ""));
  [...new Set([...keys, step.result])].forEach((key, turn) => {
    document.querySelectorAll(`main [data-term="${key}"]`).forEach((each) => {
      each.classList.add("used");
      each.style.setProperty("--turn", turn);
    });
  });
}

/** Go to a step and say it. */
function go(to) {
  const next = Math.min(Math.max(to, 0), steps.length - 1);
  if (next === at) return;
  at = next;
  if (steps[at].part !== "Update") stop();
  forgetWeight();
  render();
  const step = steps[at];
  if (step.result) markInTurn(step);
  const values = step.result ? ` ${spokenValues(step.result, view)}.` : "";
  const cost = step.title === "the cost" ? ` The cost is ${inFigures(view.passes.C, 6)}.` : "";
  say(`Step ${at + 1} of ${steps.length}. ${titleOf(step)}. ${step.says}${values}${cost}`);
}

const say = (words) => (elements.spoken.textContent = words);

/** Apply the update and show the next one. */
function again() {
  view = viewOf(view.after, view.costs);
  const focused = document.activeElement?.id;
  forgetWeight();
  render();
  if (focused) document.getElementById(focused)?.focus();
  say(`Update ${view.costs.length - 1}. The cost is ${inFigures(view.costs.at(-1), 6)}.`);
}

/** Apply so many updates, one after the other so that they can be watched. */
function watch(count) {
  stop();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    for (let k = 0; k < count; k++) again();
    return;
  }
  again();
  if (count > 1) running = setTimeout(() => watch(count - 1), PAUSE);
}

const stop = () => clearTimeout(running);

function restart() {
  stop();
  view = viewOf(start, []);
  render();
  document.getElementById("restart")?.focus();
  say(`The parameters of the start. The cost is ${inFigures(view.costs[0], 6)}.`);
}

/** Open a proof of the derivation. */
function openProof(name) {
  const template = document.querySelector(`template[data-proof="${name}"]`);
  elements.proof.querySelector("div").replaceChildren(template.content.cloneNode(true));
  if (!elements.proof.open) elements.proof.showModal();
  elements.proof.scrollTop = 0;
}

const KEYS = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1, Home: -Infinity, End: Infinity };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || elements.proof.open) return;
  if (moveWithin(event)) return event.preventDefault();
  if (event.target === elements.slider || !(event.key in KEYS)) return;
  event.preventDefault();
  go(at + KEYS[event.key]);
});
elements.back.addEventListener("click", () => go(at - 1));
elements.next.addEventListener("click", () => go(at + 1));
elements.slider.max = steps.length - 1;
elements.slider.addEventListener("input", () => go(Number(elements.slider.value)));
for (const type of ["pointerover", "pointermove", "click", "focusin"]) {
  document.addEventListener(
    type,
    (event) => (type !== "pointermove" || event.target.dataset?.map) && point(event),
  );
}
document.addEventListener("click", (event) => {
  const proof = event.target.closest("[data-proof]")?.dataset.proof;
  const link = event.target.closest("#proof a")?.getAttribute("href");
  if (link) event.preventDefault();
  if (proof || link) openProof(proof ?? link.slice(1));
  const action = { again: () => watch(1), twenty: () => watch(20), restart }[event.target.id];
  action?.();
});
let width = 0;
addEventListener("resize", () => {
  if (elements.drawing.clientWidth !== width) render();
  width = elements.drawing.clientWidth;
});
addEventListener("beforeprint", () => {
  const printed = steps.map((step) =>
    html("article", {}, ...stepView(step, { isPrinted: true }), drawNetwork(step, view, 480)),
  );
  elements.all.replaceChildren(...printed);
});
addEventListener("afterprint", () => elements.all.replaceChildren());

render();

/** For other programs and for tests. */
window.mlp = { view: () => view, steps, centralDifference };
