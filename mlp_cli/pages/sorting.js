/* Sorts a table by a column whose heading is pressed. The page is complete without. */
"use strict";

const number = /^[-+]?[\d,]*\.?\d+(e[-+]?\d+)?/i;

/* What a cell shows is what counts: a number that it begins with, or its text. */
function compare(a, b) {
  const [x, y] = [a, b].map((text) => number.exec(text));
  if (x && y) {
    const [p, q] = [x, y].map((found) => Number(found[0].replaceAll(",", "")));
    if (p !== q) return p - q;
  }
  return a.localeCompare(b, "en", { numeric: true });
}

function sort(table, column, heading) {
  const isDown = heading.getAttribute("aria-sort") === "ascending";
  for (const th of table.tHead.rows[0].cells) th.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  const text = (row) => row.cells[column].textContent.trim();
  const rows = [...table.tBodies[0].rows].map((row, place) => ({ row, place, text: text(row) }));
  rows.sort((a, b) => {
    const [none, empty] = [a, b].map(({ text }) => text === "" || text === "-");
    if (none || empty) return none - empty || a.place - b.place; // what is missing comes last
    return (isDown ? -1 : 1) * compare(a.text, b.text) || a.place - b.place;
  });
  table.tBodies[0].append(...rows.map(({ row }) => row));
}

for (const table of document.querySelectorAll(".sortable table")) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, column, heading));
    heading.append(button);
  });
}
