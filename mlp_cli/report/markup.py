"""HTML from Python, in which only what is known to be HTML is not escaped."""

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


VOID = ("img", "meta")
"""elements that have no end"""


def element(tag: str, *content: str, **attributes: str) -> Html:
    """Return an element. Content that is not Html is escaped, and so is every attribute.

    An attribute's name may end in an underscore where Python has the word: `class_`; others in
    the name are hyphens.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
    )
    if tag in VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(content)}</{tag}>")


def join(content: Iterable[str]) -> Html:
    """Return the parts one after the other, those that are not Html escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in content))


def table(
    head: Iterable[str], rows: Iterable[Iterable[str]], classes: Iterable[str] | None = None
) -> Html:
    """Return a table that scrolls by itself where it is wider than the screen.

    The first cell of every row names it.  classes: of the rows, where they have some.
    """
    rows = list(rows)
    body = [
        element(
            "tr",
            *(element("th", first, scope="row"), *(element("td", cell) for cell in rest)),
            class_=name,
        )
        for (first, *rest), name in zip(rows, classes or [""] * len(rows), strict=True)
    ]
    header = element("tr", *(element("th", cell, scope="col") for cell in head))
    whole = element("table", element("thead", header), element("tbody", *body))
    return element("div", whole, class_="scrolls", tabindex="0")


def percent(share: float | None) -> str:
    """Return a share as in `95.31 %`."""
    return "-" if share is None else f"{share * 100:.2f} %"
