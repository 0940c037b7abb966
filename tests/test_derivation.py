"""The page of the derivation: its links, its worked step and its propositions, held to the code."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.nn.activations import ACTIVATIONS, sigmoid, softmax
from mlp_cli.nn.costs import log_likelihood, log_likelihood_d_a, quadratic
from mlp_cli.nn.network import Network

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "derivation.md"
TEXT = PAGE.read_text(encoding="utf-8")

STATEMENTS = [f"Fact {i}" for i in range(1, 7)] + [f"Proposition {i}" for i in ("1", "2", "2E")]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MATH_FENCE = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^]]+)\]\(([^)]+)\)")


def links(text):
    """Every link of a text: its label without the quotes of code, and its target."""
    return [(label.strip("`"), target) for label, target in LINK.findall(FENCE.sub("", text))]


def file_links():
    return sorted({(label, target) for label, target in links(TEXT) if target[0] != "#"})


def code_links():
    """Links to Python files whose label names something in them."""
    return [
        (label, target)
        for label, target in file_links()
        if target.endswith(".py") and not label.endswith(".py")
    ]


def headings():
    return re.findall(r"^#+ (.+)$", FENCE.sub("", TEXT), re.MULTILINE)


def anchor(heading):
    """The anchor that code hosts give a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def section(heading):
    """The text under a heading, up to the next one."""
    found = re.search(
        rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#+ |\Z)", TEXT, re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return found[1]


def names_in(path):
    """The functions and classes of a file, and the methods of its classes as Class.method."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{m.name}" for m in node.body if isinstance(m, ast.FunctionDef)}
    return names


@pytest.mark.parametrize("target", sorted({target for _, target in file_links()}))
def test_every_link_leads_to_a_file(target):
    assert (DOCS / target).is_file()


@pytest.mark.parametrize("target", sorted({t for _, t in links(TEXT) if t[0] == "#"}))
def test_every_anchor_is_that_of_one_heading(target):
    assert [anchor(heading) for heading in headings()].count(target[1:]) == 1


@pytest.mark.parametrize(("name", "target"), code_links())
def test_what_a_code_link_names_is_in_that_file(name, target):
    assert name in names_in(DOCS / target)


def test_tests_are_linked_in_tests_and_functions_in_the_package():
    for name, target in code_links():
        assert target.startswith("../tests/" if name.startswith("test_") else "../mlp_cli/")


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_proposition_and_fact_has_a_heading_and_links(statement):
    assert f"### {statement}" in TEXT.splitlines()
    code, tested = re.search(
        r"^- In the code:(.*)^- Tested by:(.*)", section(statement), re.MULTILINE | re.DOTALL
    ).groups()
    row = re.search(rf"^\| \[{statement}\].*$", TEXT, re.MULTILINE)[0]
    for text in (code, row):
        assert [target for _, target in links(text) if target.startswith("../mlp_cli/nn/")]
    for text in (tested, row):
        assert [name for name, _ in links(text) if name.startswith("test_")]


def test_every_section_with_links_has_a_row_of_some_of_them_in_the_table():
    for heading in headings():
        if "- Tested by:" in section(heading) and heading[0].isalpha():
            row = re.search(rf"^\| \[{re.escape(heading)}\]\(#.*$", TEXT, re.MULTILINE)
            assert row, heading
            (_, first), *shown = links(row[0])
            assert first == f"#{anchor(heading)}"
            assert {name.startswith("test_") for name, _ in shown} == {True, False}
            assert set(shown) <= set(links(section(heading))), heading


def test_formulas_in_a_line_survive_markdown():
    """Outside a fence Markdown may take an underscore, a star or a backslash for its own."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", TEXT))
    assert text.count("$") % 2 == 0
    for before, formula, after in re.findall(r"(.?)\$([^$]+)\$(.?)", text):
        assert before in ("", " ", "("), formula
        assert after in ("", *" .,;:)"), formula
        assert formula == formula.strip()
        assert "\n" not in formula
        assert not re.search(r"[*<>|]|\\[^a-zA-Z]|(?<![0-9a-zA-Z])_", formula), formula


# The worked step


def numbers_of(tex):
    """Return what a piece of a formula comes to, or None where it has symbols."""
    for command, python in (
        (r"\\frac\{([^{}]+)\}\{([^{}]+)\}", r"(\1/\2)"),
        (r"\\ln 3", "log(3)"),
        (r"\\cdot|\\odot", "*"),
        (r"\)\^2", ")**2"),
        (r"\s+", " "),
    ):
        tex = re.sub(command, python, tex)
    tex = re.sub(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", _array, tex)
    tex = re.sub(r"\]\) array", "]) @ array", tex).strip()
    if set(re.sub(r"array|log", "", tex)) - set("0123456789+-*/@()[], "):
        return None
    return np.atleast_2d(eval(tex, {"array": np.array, "log": np.log}))


def _array(matrix):
    rows = [row.replace("&", ",") for row in matrix[1].split(r"\\")]
    return f"array([{', '.join(f'[{row.strip()}]' for row in rows)}])"


def worked_lines():
    """The symbol of each line of the worked step, and all that the line says it is."""
    for fence in MATH_FENCE.findall(section("5. A step by hand")):
        text = re.sub(r"\\(begin|end)\{aligned\}", "", fence)
        rows = re.sub(
            r"\\begin\{pmatrix\}.*?\\end\{pmatrix\}",
            lambda matrix: matrix[0].replace(r"\\", "ROW"),
            text,
            flags=re.DOTALL,
        ).split(r"\\")
        for row in rows:
            symbol, *values = row.replace("ROW", r"\\").split("=")
            symbol = symbol.strip().removesuffix("&").strip()
            numbers = [n for n in map(numbers_of, values) if n is not None]
            yield symbol, numbers


def test_the_numbers_of_the_worked_step_are_those_of_the_code():
    """Every line, with each of its intermediate results; the page writes columns, the code rows."""
    lines = dict(worked_lines())
    symbols = ("x", "y", "W^2", "b^2", "W^3", "b^3")
    given = {symbol: np.asarray(lines[symbol][-1], float) for symbol in symbols}
    network = Network([given["W^2"], given["W^3"]], [given["b^2"][:, 0], given["b^3"][:, 0]])
    x, y = given["x"].T, given["y"].T
    activations = network.feedforward(x)
    hidden, output = network.backpropagate(activations, y)
    expected = given | {
        "z^2": (x @ network.weights[0].T + network.biases[0]).T,
        "a^2": activations[1].T,
        "z^3": (activations[1] @ network.weights[1].T + network.biases[1]).T,
        "a^3": activations[2].T,
        "C": quadratic(activations[2], y),
    }
    for l, d in ((2, hidden), (3, output)):
        expected[f"d_{{a^{l}}} C"], expected[f"d_{{z^{l}}} C"] = d.dA.T, d.dZ.T
        expected[f"d_{{b^{l}}} C"], expected[f"D_{{W^{l}}} C"] = d.db[:, None], d.dW
    network.descend([hidden, output], step=2.0)
    for l in (2, 3):
        expected[f"W^{l}_{{\\text{{new}}}}"] = network.weights[l - 2]
        expected[f"b^{l}_{{\\text{{new}}}}"] = network.biases[l - 2][:, None]

    assert set(lines) == set(expected)
    for symbol, numbers in lines.items():
        assert numbers, symbol
        for value in numbers:
            np.testing.assert_allclose(value, expected[symbol], rtol=0, atol=1e-15, err_msg=symbol)

    a = network.feedforward(x)[-1]
    after = re.search(r"With the new parameters.*", section("5. A step by hand"), re.DOTALL)[0]
    shown = [activations[-1].item(), a.item(), quadratic(activations[-1], y), quadratic(a, y)]
    numbers = re.findall(r"\$([\d.]+)\$", after)
    assert [float(number) for number in numbers] == [round(value, 4) for value in shown]


# The propositions, each where the code rests on it


def slopes(function, u, h=1e-5):
    """D_u x by central differences of x = function(u): row j holds the slopes along u_j."""
    rows = []
    for j in range(len(u)):
        step = h * np.eye(len(u))[j]
        rows.append((function(u + step) - function(u - step)) / (2 * h))
    return np.array(rows)


def test_proposition_1_holds_where_every_output_depends_on_every_z():
    """f = log-likelihood, x = softmax(u): d_u f = D_u x . d_x f."""
    u, y = np.array([0.3, -1.2, 0.8, 0.1]), np.array([[0.0, 1.0, 0.0, 0.0]])
    D = slopes(lambda u: softmax(u[None])[0], u)
    d_x = log_likelihood_d_a(softmax(u[None]), y)[0]
    d_u = slopes(lambda u: np.array(log_likelihood(softmax(u[None]), y)), u)
    assert np.abs(D).min() > 0.001
    np.testing.assert_allclose(D @ d_x, d_u, rtol=1e-8)
    assert not np.allclose(d_x * np.diag(D), d_u, rtol=0.1)  # Proposition 2 does not apply


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_proposition_2_holds_for_every_activation(activation):
    """f = quadratic cost, x_i = sigma(u_i): d_u f = d_x f * sigma'(u), and D_u x is diagonal."""
    sigma, derivative, *_ = ACTIVATIONS[activation]
    u, y = np.array([0.3, -1.2, 0.8]), np.array([0.0, 1.0, 0.0])
    x = sigma(u)
    D = slopes(sigma, u)
    np.testing.assert_array_equal(D, np.diag(np.diag(D)))
    d_u = slopes(lambda u: np.array(quadratic(sigma(u), y)), u)
    np.testing.assert_allclose((x - y) * derivative(x), d_u, rtol=1e-8, atol=1e-10)


def test_proposition_2e_holds_for_every_column_of_the_weights():
    """x = z = W a' + b, whose x_i depends on row i of W alone: d_w_j C = d_z C * d_w_j z."""
    rng = np.random.default_rng(0)
    W, b, x, y = rng.random((3, 4)), rng.random(3), rng.random((1, 4)), rng.random((1, 3))
    network = Network([W], [b])
    (derivatives,) = network.backpropagate(network.feedforward(x), y)
    for j in range(4):

        def z_of(column, j=j):
            moved = W.copy()
            moved[:, j] = column
            return moved @ x[0] + b

        def cost_of(column, z_of=z_of):
            return np.array(quadratic(sigmoid(z_of(column)), y[0]))

        D = slopes(z_of, W[:, j])
        np.testing.assert_array_equal(D, np.diag(np.diag(D)))
        by_proposition = derivatives.dZ[0] * np.diag(D)
        np.testing.assert_allclose(by_proposition, slopes(cost_of, W[:, j]), rtol=1e-8)
        np.testing.assert_allclose(derivatives.dW[:, j], by_proposition, rtol=1e-8)
