"""The derivation's symbols and formulas as text: in Unicode, or in ASCII."""

import re
from collections.abc import Iterator

from mlp_cli.nn.names import CostName

SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
IN_ASCII = {"σ": "sigma", "η": "eta", "Δ": "Delta ", "⊙": "*", "⊗": "(x)", "ᵗ": "^t"}
ALL_SYMBOLS = SUPERSCRIPTS + "".join(IN_ASCII)

OUTPUT_SYMBOLS: dict[CostName, str] = {
    "quadratic": "σ",
    "cross-entropy": "σ",
    "log-likelihood": "softmax",
}
"""the activation of the output layer, which the cost decides"""

COST_FORMULAS: dict[CostName, str] = {
    "quadratic": "1/2 |y - a|^2",
    "cross-entropy": "-sum of y ln a + (1 - y) ln(1 - a)",
    "log-likelihood": "-sum of y ln a",
}
FACT_1_FORMULAS: dict[CostName, str] = {
    "quadratic": "a - y",
    "cross-entropy": "(a - y) / (a (1 - a))",
    "log-likelihood": "-y / a",
}
REASONS_FOR_A_MINUS_Y: dict[CostName, str] = {
    "quadratic": "",
    "cross-entropy": "σ' = a (1 - a) cancels the denominator",
    "log-likelihood": "Prop. 1, as every output depends on every z",
}
"""how Facts 1 and 2 become d_z C = a - y"""


def of_layer(formula: str, l: int) -> str:
    """Return a formula with the layer's number at every a and z that stands alone."""
    return re.sub(r"\b[az]\b", lambda symbol: with_layer(symbol[0], l), formula)


def with_layer(symbol: str, l: int) -> str:
    """Return a symbol with the number of its layer as a superscript: `W³`."""
    return symbol + "".join(SUPERSCRIPTS[int(digit)] for digit in str(l))


def derivative_name(symbol: str, l: int) -> str:
    """Return the derivative of C with respect to a layer's quantity: `d_z³ C`, `D_W³ C`."""
    return f"{with_layer(symbol, l)} C"


def in_ascii(text: str) -> str:
    """Return the text in ASCII alone: `z^2 = W^2 a^1`, `Delta W^2`."""
    text = re.sub(f"[{SUPERSCRIPTS}]+", lambda number: "^" + "".join(_digits(number[0])), text)
    for symbol, spelling in IN_ASCII.items():
        text = text.replace(symbol, spelling)
    return text


def _digits(superscripts: str) -> Iterator[str]:
    return (str(SUPERSCRIPTS.index(digit)) for digit in superscripts)
