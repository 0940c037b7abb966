"""HTML from Python, in which only what is known to be HTML is not escaped."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


VOID = ("img", "meta")
"""elements that have no end"""


def element(tag: str, *content: str, **attributes: str) -> Html:
    """Return an element. Content that is not Html is escaped, and so is every attribute.

    An attribute without a value is left out.
    An attribute's name may end in an underscore where Python has the word: `class_`; others in
    the name are hyphens.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value
    )
    if tag in VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(content)}</{tag}>")


def join(content: Iterable[str]) -> Html:
    """Return the parts one after the other, those that are not Html escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in content))


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers_from: int | None = None,
    classes: Sequence[str] = (),
) -> Html:
    """Return a table that scrolls by itself where it is wider than the screen.

    The first cell of every row names it.  numbers_from: the first of the columns, from 0, in
    which numbers stand one below the other; none without it.  classes: of the rows, if any.
    """
    kinds = ["" if numbers_from is None or i < numbers_from else "number" for i in range(len(head))]
    header = element(
        "tr", *(element("th", c, scope="col", class_=k) for c, k in zip(head, kinds, strict=True))
    )
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", c, class_=k) for c, k in zip(row[1:], kinds[1:], strict=True)),
            class_=name,
        )
        for row, name in zip(rows, classes or [""] * len(rows), strict=True)
    ]
    whole = element("table", element("thead", header), element("tbody", *body))
    return element("div", whole, class_="scrolls", tabindex="0")
