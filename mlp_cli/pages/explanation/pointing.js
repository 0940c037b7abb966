/** What the reader points at or has focused: a term, or a weight with where it enters. */

const WEIGHT_HINT = document.getElementById("weight").textContent;
let cursor = { row: 0, col: 0 }; // in a map without numbers

/** Return the weight that an element stands for, or null. @param {Element} element */
function weightOf(element) {
  const [l, i, j] = element.dataset.weight.split(",").map(Number);
  return { l, i, j };
}

/** Return the row and column of a map at a place on the screen. */
function cellAt(map, x, y) {
  const box = map.getBoundingClientRect();
  const within = (share, count) => Math.min(Math.max(Math.floor(share * count), 0), count - 1);
  return {
    row: within((y - box.top) / box.height, map.height),
    col: within((x - box.left) / box.width, map.width),
  };
}

/** Return the next cell in the direction of an arrow key, or null for another key. */
function neighbour({ row, col }, key, rows, cols) {
  const [down, right] = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key] ?? [];
  if (down === undefined) return null;
  const within = (at, count) => Math.min(Math.max(at, 0), count - 1);
  return { row: within(row + down, rows), col: within(col + right, cols) };
}

/** Mark everything that stands for a quantity. @param {string | undefined} key */
function markTerm(key) {
  document.querySelectorAll(".on").forEach((each) => each.classList.remove("on"));
  if (key) document.querySelectorAll(`[data-term="${key}"]`).forEach((each) => each.classList.add("on"));
}

/** Mark a weight wherever it stands, and say where it enters. */
function showWeight(weight) {
  const place = `${weight.l},${weight.i},${weight.j}`;
  document.querySelectorAll(".chosen").forEach((each) => each.classList.remove("chosen"));
  document.querySelectorAll(`[data-weight="${place}"]`).forEach((each) => each.classList.add("chosen"));
  if (elements.weight.dataset.place === place) return;
  elements.weight.dataset.place = place;
  elements.weight.replaceChildren(...whereItEnters(weight, view));
}

function forgetWeight() {
  delete elements.weight.dataset.place;
  elements.weight.textContent = WEIGHT_HINT;
}

/** Show what the reader points at or has focused. */
function point(event) {
  const target = event.target.closest?.("[data-weight], [data-map], [data-term]");
  if (!target || elements.weight.contains(target)) return markTerm();
  markTerm(target.closest("[data-term]")?.dataset.term);
  if (target.dataset.weight) showWeight(weightOf(target));
  if (target.dataset.map) {
    if (event.type === "focusin") cursor = { row: 0, col: 0 };
    else cursor = cellAt(target, event.clientX, event.clientY);
    showWeight(weightAt(target.dataset.map, cursor.row, cursor.col));
  }
}

/** Move within a matrix by the arrow keys. Returns whether the key was for the matrix. */
function moveWithin(event) {
  const map = event.target.closest("[data-map]");
  const cell = event.target.closest("td[data-weight]");
  if (map) {
    const next = neighbour(cursor, event.key, map.height, map.width);
    if (!next) return false;
    cursor = next;
    showWeight(weightAt(map.dataset.map, cursor.row, cursor.col));
    return true;
  }
  if (!cell) return false;
  const { rows } = cell.closest("table");
  const place = { row: cell.parentElement.rowIndex, col: cell.cellIndex };
  const next = neighbour(place, event.key, rows.length, rows[0].cells.length);
  if (!next) return false;
  const other = rows[next.row].cells[next.col];
  [cell.tabIndex, other.tabIndex] = [-1, 0];
  other.focus();
  return true;
}
