"""Make text printable that comes from outside: names of files, texts in checkpoints."""

from unicodedata import category, combining, east_asian_width

UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""categories of Unicode: control and format characters, halves of characters, and separators of
lines. A terminal obeys them instead of showing them; some of them turn the order of a line round"""


def printable(text: str) -> str:
    """Return the text with `?` in place of everything but line breaks that must not be printed.

    That is: bytes of a file name that are no character, control characters, and characters that
    are not seen but change what is. A line break may be ours, so that it stays: see `one_line`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "?" if letter != "\n" and category(letter) in UNPRINTABLE else letter for letter in text
    )


def one_line(value: object) -> str:
    """Return a value from outside as it is put into a message: printable, on one line."""
    return printable(str(value)).replace("\n", "?")


def width_of_text(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese takes two a character."""
    if text.isascii():
        return len(text)
    return sum(
        0 if combining(letter) else 1 + (east_asian_width(letter) in ("W", "F")) for letter in text
    )


def padded(text: str, width: int, is_right: bool = False) -> str:
    """Return a text with blanks up to this width, at its end or before it."""
    blanks = " " * (width - width_of_text(text))
    return blanks + text if is_right else text + blanks
