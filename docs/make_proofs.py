"""Write the proofs that the page of `mlp explain --html` opens: python docs/make_proofs.py.

They are sections of docs/derivation.md, as HTML with MathML, so that the page has them without
these documents and without a connection.
"""

import re
from pathlib import Path

from latex2mathml.converter import convert
from markdown_it import MarkdownIt

DERIVATION = Path(__file__).with_name("derivation.md")
PATH = Path(__file__).parents[1] / "mlp_cli" / "pages" / "explanation" / "proofs.html"

SECTIONS = (
    "Derivatives",
    *(f"Proposition {number}" for number in ("1", "2", "2E")),
    *(f"Fact {number}" for number in range(1, 7)),
    *("Every layer", "Activations", "Softmax", "Cross-entropy", "Log-likelihood"),
)
"""the headings whose sections the page can open"""
MATH = re.compile(r"^```math\n(?P<block>.*?)^```$|\$(?P<inline>[^$]+)\$", re.MULTILINE | re.DOTALL)
KEPT_FOR_THE_CODE = re.compile(r"^- (?:In the code|Tested by): .*?(?=^- |\n\n|\Z)", re.M | re.S)
"""where a statement stands in the code and in the tests: links that the page cannot follow"""

SYMBOL = re.compile(r"&#x(?!0003C|00026)([0-9A-F]{5});")
"""a character by its code, which stands for itself in a file of UTF-8; all but < and &"""


def anchor(heading: str) -> str:
    """Return the name under which links and the page find a section."""
    return heading.lower().replace(" ", "-")


def proofs() -> str:
    """Return the text of proofs.html: a template for each section."""
    text = DERIVATION.read_text(encoding="utf-8")
    return "\n".join(_template(heading, _section(text, heading)) for heading in SECTIONS) + "\n"


def _section(text: str, heading: str) -> str:
    """Return the Markdown below a heading."""
    found = re.search(rf"^### {heading}$\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"{DERIVATION}: no section {heading}")
    return KEPT_FOR_THE_CODE.sub("", found[1])


def _template(heading: str, markdown: str) -> str:
    """Return a section as HTML; formulas pass Markdown by as words that it leaves alone."""
    formulas: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        is_block = found["block"] is not None
        latex = found["block"] if is_block else found["inline"]
        formulas.append(_mathml(latex, "block" if is_block else "inline"))
        return f"FORMULA{len(formulas) - 1}X"

    html = MarkdownIt().render(MATH.sub(set_aside, markdown))
    html = re.sub(r"FORMULA(\d+)X", lambda place: formulas[int(place[1])], html)
    html = re.sub(r'<a href="#([^"]+)">(.*?)</a>', _link, html)
    return f'<template data-proof="{anchor(heading)}"><h2>{heading}</h2>\n{html}</template>'


def _mathml(latex: str, display: str) -> str:
    """Return a formula without what browsers take for granted, and with room around ln."""
    latex = " ".join(latex.split()).replace("{aligned}", "{align*}")  # which the converter knows
    mathml = convert(latex, display=display)
    room = '<mspace width="0.17em" />'
    mathml = mathml.replace("<mi>ln</mi>", f"{room}<mi>ln</mi>{room}")
    for needless in (' xmlns="http://www.w3.org/1998/Math/MathML"', ' display="inline"'):
        mathml = mathml.replace(needless, "")
    return SYMBOL.sub(lambda code: chr(int(code[1], 16)), mathml)


def _link(found: re.Match[str]) -> str:
    """Return a link to another section of the page, or its words where the page lacks it."""
    target, words = found[1], found[2]
    return found[0] if target in map(anchor, SECTIONS) else words


if __name__ == "__main__":
    PATH.write_text(proofs(), encoding="utf-8")
