"""The sections of a report that are about one run."""

from statistics import median

from mlp_cli.charts.confusion import FEW_CLASSES, confusion_heat_map
from mlp_cli.charts.drawing import epoch_seconds, network_on_data, unit_slopes
from mlp_cli.charts.figures import to_inline_svg
from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.measuring.percent import percent
from mlp_cli.pages.findings import TEST_IMAGES, Findings
from mlp_cli.pages.markup import Html, element, section, table
from mlp_cli.pages.pictures import image_uri, weights_uri

SHOWN_UNITS = 100
"""units of the first layer whose weights are shown: more would make the page long"""


def run_sections(found: Findings, inside: str = "") -> Html:
    """Return all sections about one run. inside: the id of its part of the page."""
    parts = [_first_weights(found, inside), _seconds(found, inside)]
    if found.evaluation is not None:
        read = [_confusion(found, found.evaluation, inside)]
        read += [_classes(found, found.evaluation, inside)]
        read += [_mistakes(found, found.evaluation, inside)]
        parts = [*read, parts[0], _flat_units(found, inside), parts[1]]
    return element("div", *(part for part in parts if part), class_="sections")


def chart(svg: str, name: str) -> Html:
    """Return a chart with a name for screen readers."""
    return element("figure", Html(svg), role="img", aria_label=name)


def _confusion(found: Findings, evaluation: Evaluation, inside: str) -> Html:
    text = "Blue: correct predictions. Orange: mistakes, stronger for a larger fraction of the row."
    confusion = evaluation.confusion
    _, headings = found.classes.class_headings(len(confusion))
    title = f"{network_on_data(found.run, found.dataset)}, {found.images}"
    svg = to_inline_svg(confusion_heat_map(confusion, headings, title))
    kind = "wide" if len(confusion) > FEW_CLASSES else ""
    picture = chart(svg, "Confusion matrix")
    return section("Confusion matrix", element("p", text), picture, kind=kind, inside=inside)


def _classes(found: Findings, evaluation: Evaluation, inside: str) -> Html:
    figures = evaluation.class_figures
    kind, headings = found.classes.class_headings(len(figures))
    head = [kind, "precision", "recall", "F1", "examples"]
    rows = [
        [heading, percent(f.precision), percent(f.recall), percent(f.f1), f"{f.examples:,}"]
        for heading, f in zip(headings, figures, strict=True)
    ]
    text = f"Mean {found.run.settings.cost} cost of the {found.images}: {evaluation.cost:.4f}."
    title = f"{kind.capitalize()} by {kind}"
    content = table(head, rows, numbers_from=1)
    return section(title, content, element("p", text), inside=inside)


def _mistakes(found: Findings, evaluation: Evaluation, inside: str) -> Html:
    score = evaluation.score
    if not found.mistakes:
        text = f"None: all {score.examples:,} {found.images} are predicted correctly."
        return section("Mistakes", element("p", text), kind="wide", inside=inside)
    text = (
        f"The {len(found.mistakes)} most confident of {score.examples - score.correct:,} mistakes: "
        "the correct class, the prediction, and its output."
    )
    view = found.run.settings.view
    if view != "plain":
        text += f" The images are as the network sees them (view {view})."
    name_of = found.classes.class_name
    kind = "test image" if found.images == TEST_IMAGES else "image"
    pictures = [
        element(
            "li",
            element(
                "img",
                src=image_uri(m.image),
                alt=f"{kind} {m.index}: {name_of(m.truth)}, predicted as {name_of(m.prediction)}",
                title=f"{kind} {m.index}",
            ),
            element("span", f"{name_of(m.truth)} → ", element("b", name_of(m.prediction))),
            element("span", f"{m.confidence:.3f}", class_="more"),
        )
        for m in found.mistakes
    ]
    listed = element("ul", *pictures, class_="pictures")
    title = "Most confident mistakes"
    return section(title, element("p", text), listed, kind="wide", inside=inside)


def _first_weights(found: Findings, inside: str) -> Html:
    weights = found.run.network.weights[0]
    shape = found.run.settings.image_shape
    shown = weights[:SHOWN_UNITS]
    dead = found.slopes[0] <= found.flat if found.has_dead_units and found.slopes else None
    pictures = [
        element(
            "li",
            element("img", src=weights_uri(w.reshape(shape)), alt=f"weights of unit {unit}"),
            element(
                "span",
                f"{unit} dead" if dead is not None and dead[unit - 1] else f"{unit}",
                class_="more",
            ),
        )
        for unit, w in enumerate(shown, start=1)
    ]
    of = (
        f" Shown are the first {len(shown)} of {len(weights):,} units."
        if len(weights) > len(shown)
        else ""
    )
    text = (
        "The weights W² of each unit, arranged as the pixels that they belong to. Blue weights are "
        f"positive, orange ones negative; the largest of each unit has the full colour.{of}"
    )
    listed = element("ul", *pictures, class_="pictures weights")
    title = "Weights of the first layer"
    return section(title, element("p", text), listed, kind="wide", inside=inside)


def _flat_units(found: Findings, inside: str) -> Html:
    """Return the section about hidden units that hardly learn: saturated, or dead."""
    title = "Dead units" if found.has_dead_units else "Saturation"
    if not found.slopes:
        text = "The network has no hidden layer."
        return section(title, element("p", text), inside=inside)
    counts = "; ".join(
        f"layer {l}: {count:,} of {len(layer):,}"
        for l, (count, layer) in enumerate(zip(found.saturated, found.slopes, strict=True), start=2)
    )
    text = f"The slope of each hidden unit, averaged over {found.images}. "
    if found.has_dead_units:
        text += f"A unit whose slope is always 0 is dead: it no longer learns. Dead: {counts}."
    else:
        text += (
            "At or below the dotted line a unit is saturated: it hardly learns. "
            f"Saturated: {counts}."
        )
    picture = chart(to_inline_svg(unit_slopes(found.slopes, found.flat)), "Slope of hidden units")
    return section(title, element("p", text), picture, inside=inside)


def _seconds(found: Findings, inside: str) -> Html:
    if not found.seconds:
        return Html("")
    text = (
        f"Median {median(found.seconds):.2f} s, from {min(found.seconds):.2f} s to "
        f"{max(found.seconds):.2f} s; training only."
    )
    svg = to_inline_svg(epoch_seconds([found.run]))
    picture = chart(svg, "Seconds by epoch")
    return section("Time per epoch", element("p", text), picture, inside=inside)
