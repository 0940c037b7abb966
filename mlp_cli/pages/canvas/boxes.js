/** A box over the canvas around each of several digits, with what it is read as. */

/** @param {HTMLElement} over covers the canvas @param {Drawing} drawing
 * @param {Placed[]} digits @param {string[]} names of what each is read as
 * @param {number} shown the number of the one whose outputs are shown */
function showBoxes(over, drawing, digits, names, shown) {
  over.replaceChildren(
    ...digits.map(({ box }, k) => {
      const place = drawing.placeOf(box);
      const around = newElement("span", k === shown ? "shown" : "");
      for (const [side, part] of Object.entries(place)) around.style[side] = `${100 * part}%`;
      // Where the canvas ends above, the name stands below.
      around.append(newElement("b", place.top < 0.1 ? "below" : "", names[k]));
      return around;
    }),
  );
}
