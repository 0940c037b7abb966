"""mlp explain: every quantity of the derivation, for one example."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.checkpoint import (
    Checkpoint,
    checkpoint_option,
    choose_checkpoint,
    choose_reader,
)
from mlp_cli.commands.shared.example import (
    draw_example,
    example_as_typed,
    example_of_picture,
    example_of_test_set,
)
from mlp_cli.commands.shared.new_network import new_network, parse_sizes
from mlp_cli.commands.shared.options import (
    AnyPath,
    FilePath,
    FiniteFloat,
    FiniteFloats,
    WholeNumber,
    common_options,
    run_data_dir_option,
    run_dataset_option,
)
from mlp_cli.commands.shared.text import can_encode, json_result, output_width, result, result_lines
from mlp_cli.errors import DeviationError, OptionError
from mlp_cli.explanation.notation import ALL_SYMBOLS, in_ascii
from mlp_cli.nn.names import ActivationName, CostName
from mlp_cli.runs.schema import as_typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlp_cli.commands.shared.example import Example
    from mlp_cli.explanation.passes import Explanation


@click.command(short_help="Show backpropagation with numbers, for one example.")
@click.argument("image", required=False, type=AnyPath())
@checkpoint_option
@click.option(
    "--sizes",
    metavar="N-N-...",
    callback=parse_sizes,
    help="Use a new random network with these layers, such as 4-3-2.",
)
@click.option(
    "--activation",
    type=click.Choice(get_args(ActivationName)),
    show_default="sigmoid",
    help="Activation of the new network's hidden layers.",
)
@click.option(
    "--cost",
    type=click.Choice(get_args(CostName)),
    show_default="quadratic",
    help="Cost function of the new network.",
)
@click.option(
    "--index",
    type=WholeNumber(),
    show_default="the one that the network has most to learn from",
    help="Index of the test image, from 0.",
)
@click.option(
    "--x",
    metavar="N,N,...",
    type=FiniteFloats(),
    help="Take these inputs as the example, such as 0.05,0.10.",
)
@click.option(
    "--y",
    metavar="N,N,...",
    type=FiniteFloats(),
    help="What the outputs should be for --x, such as 0.01,0.99.",
)
@click.option(
    "--label",
    type=WholeNumber(),
    help="Correct class, for an example without a label.",
)
@click.option(
    "--eta",
    type=FiniteFloat(min=0, min_open=True),
    default=3.0,
    show_default=True,
    help="Learning rate of the update.",
)
@click.option(
    "--seed",
    type=WholeNumber(),
    default=0,
    show_default=True,
    help="Seed of the new network and its example, and of what is checked in a large network.",
)
@run_dataset_option
@run_data_dir_option
@click.option(
    "--check",
    is_flag=True,
    help="Print only the comparison with central differences; exit with 1 where one deviates.",
)
@click.option("--json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--html",
    metavar="FILE",
    type=FilePath,
    help="Write a page that takes the same steps one by one, in a browser.",
)
@common_options
@click.pass_context
def explain(
    ctx: click.Context,
    image: Path | None,
    checkpoint: Checkpoint | None,
    sizes: tuple[int, ...] | None,
    activation: ActivationName | None,
    cost: CostName | None,
    index: int | None,
    x: list[float] | None,
    y: list[float] | None,
    label: int | None,
    eta: float,
    seed: int,
    dataset: str | None,
    data_dir: Path | None,
    check: bool,
    json: bool,
    html: Path | None,
) -> None:
    """Take one example through Feedforward and Backpropagate, and print every quantity.

    The network is that of a checkpoint, and the example is an image of its test set (--index), a
    picture (IMAGE), or numbers of your own (--x, --y). With --sizes the network is random, drawn
    from --seed, and so is the example unless you give one. The output
    follows the derivation layer by layer: z and a, Facts 1 to 6, and the update, in float64. Each
    derivative is compared with the central difference of the cost. The checkpoint does not change.
    Of layers with more than ten units, only the largest numbers are shown.
    """
    _refuse_combinations(ctx)
    if html is not None:
        from mlp_cli.system.outputs import check_output

        check_output(html)
    from mlp_cli.explanation.check import describe_failure
    from mlp_cli.explanation.passes import explain_example
    from mlp_cli.learning.streams import spawn_streams
    from mlp_cli.runs.reading import load_trained

    rng, shape = spawn_streams(seed).shuffling, None
    if sizes is not None:
        path = None
        network = new_network(sizes, seed, activation or "sigmoid", cost or "quadratic")
        if x is None:
            example = draw_example(network, label, rng)
    else:
        path = (choose_checkpoint if image is None else choose_reader)(checkpoint)
        run = load_trained(path)
        network, shape = run.network, run.settings.image_shape
        if image is not None:
            example = example_of_picture(run, image, label)
        elif x is None:
            example = example_of_test_set(run, path, index, dataset, data_dir)
    if x is not None:
        example = example_as_typed(network, x, y, label)
    explanation = explain_example(network, example.x, example.y, eta, rng)
    if html is not None:
        _write_page(html, explanation, _about(explanation, example, path, seed), shape)
    elif json:
        _print_json(explanation, example, path, seed, check)
    else:
        _print(explanation, example, path, seed, check)
    if check and not explanation.passes:
        raise DeviationError(in_ascii(describe_failure(explanation)))


def _refuse_combinations(ctx: click.Context) -> None:
    """Raise OptionError, with the reason, for options that exclude each other."""
    given = {name for name, v in ctx.params.items() if v is not None and v is not False}
    if ctx.get_parameter_source("data_dir") is ParameterSource.ENVIRONMENT:
        given.discard("data_dir")  # it is set once for all commands
    for one, other, reason in (
        ("sizes", "checkpoint", "the network is either new or trained"),
        ("sizes", "index", "the example of a new network is drawn from --seed"),
        ("sizes", "image", "the example of a new network is drawn from --seed"),
        ("sizes", "dataset", "the example of a new network is drawn from --seed"),
        ("sizes", "data_dir", "the example of a new network is drawn from --seed"),
        ("image", "index", "one example at a time"),
        ("image", "dataset", "the example is the picture"),
        ("image", "data_dir", "the example is the picture"),
        ("x", "image", "one example at a time"),
        ("x", "index", "one example at a time"),
        ("x", "dataset", "the example is --x"),
        ("x", "data_dir", "the example is --x"),
        ("y", "label", "either says what the outputs should be"),
        ("html", "json", "the page is a file of its own"),
        ("html", "check", "the page shows every step"),
    ):
        if {one, other} <= given:
            spellings = ("IMAGE" if name == "image" else as_typed(name) for name in (one, other))
            raise OptionError(f"{' with '.join(spellings)}: {reason}. Leave one out.")
    for name in ("activation", "cost"):
        if name in given and "sizes" not in given:
            raise OptionError(
                f"--{name} without --sizes: a trained network has its own. Leave it out."
            )
    if "y" in given and "x" not in given:
        raise OptionError("--y without --x: expected the inputs that it belongs to.")
    if "label" in given and not given & {"sizes", "image", "x"}:
        raise OptionError("--label with the test set: its images have labels. Leave it out.")


def _print(e: "Explanation", example: "Example", path: Path | None, seed: int, check: bool) -> None:
    """Print the explanation, or only the check, as text."""
    from mlp_cli.explanation.check import explain_check
    from mlp_cli.explanation.tables import lay_out
    from mlp_cli.explanation.text import explain_in_full

    about = [
        f"{name if not i else '':<12}{line}"
        for name, lines in _about(e, example, path, seed).items()
        for i, line in enumerate(lines)
    ]
    spell = str if can_encode(ALL_SYMBOLS) else in_ascii
    text = lay_out(
        [*about, "", *(explain_check(e) if check else explain_in_full(e))], spell, output_width()
    )
    result_lines(text)


def _write_page(
    output: Path, e: "Explanation", about: dict[str, list[str]], shape: "Sequence[int] | None"
) -> None:
    """Write the explanation as a page.  shape: of the example, where it is an image."""
    from mlp_cli.pages.explanation.page import render_explanation
    from mlp_cli.system.outputs import writing

    page = render_explanation(e, about, shape)
    with writing(output) as file:
        file.write(page)
    result(f"{click.format_filename(output)}: {len(page):,} bytes. Open it in a browser.")


def _about(
    e: "Explanation", example: "Example", path: Path | None, seed: int
) -> dict[str, list[str]]:
    """Return what is said about the network and about the example, as lines."""
    origin = f"of {click.format_filename(path)}" if path else f"from seed {seed}"
    sizes = "-".join(map(str, e.network.sizes))
    kind = f"hidden units {e.network.activation}, cost {e.network.cost}"
    wanted = _wanted(e, example.classes.class_heading)
    return {"network": [f"{sizes} {origin}", kind], "example": [example.origin, *wanted]}


def _wanted(e: "Explanation", heading: Callable[[int], str]) -> list[str]:
    """Return what the outputs should be, and what the network says, as lines."""
    if e.label is None:
        return [f"highest output: {e.prediction + 1}"]
    return [
        f"correct class {heading(e.label)}, prediction {heading(e.prediction)}",
        f"(classes count from 0, outputs from 1: y = e_{e.label + 1})",
    ]


def _print_json(
    e: "Explanation", example: "Example", path: Path | None, seed: int, check: bool
) -> None:
    """Print the explanation, or only the check, as JSON."""
    from mlp_cli.explanation.document import check_document, full_document

    source = {
        "checkpoint": None if path is None else str(path),
        "seed": seed,
        "index": example.number,
        "image": example.image,
        "label_name": None if e.label is None else example.classes.class_name(e.label),
        "answer_name": example.classes.class_name(e.prediction),
    }
    json_result({**source, **(check_document(e) if check else full_document(e))})
