"""HTML from Python: everything is escaped and printable that is not marked as HTML."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from mlp_cli.system.characters import printable
from mlp_cli.system.shell import command_line


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


VOID = ("br", "img", "input", "meta")
"""elements without an end tag"""
CHANGED = "• "
"""stands before a setting that has not its default"""
LONGEST_WORD = 32
"""characters of a word in a table that stays on one line"""


def element(tag: str, *content: str, **attributes: str) -> Html:
    """Return an element; attributes are escaped, and so is content that is not Html.

    An attribute with an empty value is left out. Underscores in its name become hyphens; one at the
    end is dropped, as in `class_`, whose name is a keyword of Python.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_text(value)}"'
        for name, value in attributes.items()
        if value
    )
    if tag in VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(content)}</{tag}>")


def join(content: Iterable[str]) -> Html:
    """Return the parts one after the other; those that are not Html are escaped."""
    return Html("".join(part if isinstance(part, Html) else _text(part) for part in content))


def _text(value: str) -> str:
    """Return a text from anywhere, such as the name of a file, as HTML shows it."""
    return escape(printable(value))


def section(title: str, *content: str, kind: str = "", inside: str = "") -> Html:
    """Return a section with its heading, which a link can lead to.

    inside: the id of the part of the page that the section belongs to; without, the page's own.
    """
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    heading = (
        element("h3", title, id=f"{inside}-{name}") if inside else element("h2", title, id=name)
    )
    return element("section", heading, *content, class_=kind)


HEADING = re.compile(r'<h2 id="([^"]*)"[^>]*>(.*?)</h2>')


def contents(body: Html) -> Html:
    """Return a list of links to the headings of a page's body."""
    links = [
        element("li", element("a", Html(title), href=f"#{name}"))
        for name, title in HEADING.findall(body)
    ]
    return element("nav", element("ul", *links), aria_label="Contents", class_="contents")


def command(words: Sequence[str]) -> Html:
    """Return a command whose lines break between words alone."""
    parts: list[str] = []
    for word in words:
        parts += [element("span", command_line([word])), " "]
    return element("pre", element("code", *parts[:-1]))


def tiles(entries: Sequence[tuple[str, str, str]]) -> Html:
    """Return the main figures: for each its name, its value, and more about it."""
    return element(
        "dl",
        *(
            element(
                "div", element("dt", name), element("dd", value), element("dd", more, class_="more")
            )
            for name, value, more in entries
        ),
        class_="tiles",
    )


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers_from: int | None = None,
    classes: Sequence[str] = (),
) -> Html:
    """Return a table that scrolls on its own where it is wider than the screen.

    The first cell of every row is its heading.  numbers_from: the index of the first column of
    numbers, which are aligned at the right.  classes: the CSS class of each row.
    """
    kinds = ["" if numbers_from is None or i < numbers_from else "number" for i in range(len(head))]
    header = element(
        "tr", *(element("th", c, scope="col", class_=k) for c, k in zip(head, kinds, strict=True))
    )
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(
                element("td", c, class_=k or ("word" if _is_word(c) else ""))
                for c, k in zip(row[1:], kinds[1:], strict=True)
            ),
            class_=name,
        )
        for row, name in zip(rows, classes or [""] * len(rows), strict=True)
    ]
    content = element("table", element("thead", header), element("tbody", *body))
    return element("div", content, class_="scrolls", tabindex="0")


def _is_word(cell: str) -> bool:
    """Return whether a cell is one short word, such as 784-30-10, which is not to be broken."""
    return len(cell) <= LONGEST_WORD and " " not in cell.removeprefix(CHANGED)
