/* Loads the page of a run that is followed again, unless its box is cleared. */
"use strict";

const EVERY = 2000; // milliseconds
const box = document.getElementById("reload");
setInterval(() => {
  if (box.checked && !document.hidden) location.reload();
}, EVERY);
