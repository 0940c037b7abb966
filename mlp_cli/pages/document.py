"""The frame of a page: its head, its style, and what it may not do."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from mlp_cli.pages.markup import Html, contents, element, join

REPORT_CSS = Path(__file__).with_name("report.css")


def document(
    title: str, heading: str, top: Sequence[Html], parts: Sequence[Html], script: str = ""
) -> bytes:
    """Return a page as HTML in UTF-8 that needs no other file.

    top: what stands above the list of contents.  parts: what it lists, by their `section`s.

    script: the only one that the page may run, at its end; without, it may run none.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    if script:
        digest = b64encode(sha256(script.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
    head = join(
        [
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            # Even if a checkpoint smuggled a script in, it could neither run nor fetch anything.
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("title", title),
            element("style", Html(REPORT_CSS.read_text(encoding="utf-8"))),
        ]
    )
    rest = join(parts)
    scripts = [element("script", Html(script))] if script else []
    body = element(
        "body", element("main", element("h1", heading), *top, contents(rest), rest), *scripts
    )
    html = element("html", element("head", head), body, lang="en")
    # A file's name may have bytes that are not characters.
    return f"<!doctype html>\n{html}\n".encode(errors="replace")
