"""The sections of a report that are about one run."""

from statistics import median

from mlp_cli.measuring.percent import percent
from mlp_cli.pages.charts import epoch_seconds, unit_slopes
from mlp_cli.pages.confusion_chart import FEW_CLASSES, confusion_heat_map
from mlp_cli.pages.figures import to_inline_svg
from mlp_cli.pages.findings import Findings
from mlp_cli.pages.markup import Html, element, table
from mlp_cli.pages.pictures import image_uri, weights_uri

SHOWN_UNITS = 100
"""units of the first layer whose weights are shown: more would make the page long"""


def run_sections(found: Findings) -> Html:
    """Return all sections about one run."""
    wide = [_mistakes(found), _first_weights(found)]
    narrow = [_confusion(found), _classes(found), _saturation(found), _seconds(found)]
    return element(
        "div", *narrow[:2], *wide, *(part for part in narrow[2:] if part), class_="sections"
    )


def section(title: str, *content: str, kind: str = "") -> Html:
    """Return a section of the page with its heading."""
    return element("section", element("h3", title), *content, class_=kind)


def chart(svg: str, name: str) -> Html:
    """Return a chart with a name for screen readers."""
    return element("figure", Html(svg), role="img", aria_label=name)


def _confusion(found: Findings) -> Html:
    text = "Blue: correct predictions. Orange: mistakes, stronger for a larger fraction of the row."
    confusion = found.evaluation.confusion
    _, headings = found.classes.class_headings(len(confusion))
    svg = to_inline_svg(confusion_heat_map(confusion, headings))
    kind = "wide" if len(confusion) > FEW_CLASSES else ""
    picture = chart(svg, "Confusion matrix")
    return section("Confusion matrix", element("p", text), picture, kind=kind)


def _classes(found: Findings) -> Html:
    figures = found.evaluation.class_figures
    kind, headings = found.classes.class_headings(len(figures))
    head = [kind, "precision", "recall", "F1", "examples"]
    rows = [
        [heading, percent(f.precision), percent(f.recall), percent(f.f1), f"{f.examples:,}"]
        for heading, f in zip(headings, figures, strict=True)
    ]
    text = f"Mean cost of a test image: {found.evaluation.cost:.4f}."
    return section(
        f"{kind.capitalize()} by {kind}", table(head, rows, numbers_from=1), element("p", text)
    )


def _mistakes(found: Findings) -> Html:
    if not found.mistakes:
        return section(
            "Mistakes", element("p", "None: every test image is predicted correctly."), kind="wide"
        )
    score = found.evaluation.score
    text = (
        f"The {len(found.mistakes)} most confident of {score.examples - score.correct:,} mistakes: "
        "the correct class, the prediction, and its output."
    )
    view = found.run.settings.view
    if view != "plain":
        text += f" The images are as the network sees them (view {view})."
    name_of = found.classes.class_name
    pictures = [
        element(
            "li",
            element(
                "img",
                src=image_uri(m.image),
                alt=f"test image {m.index}: {name_of(m.truth)}, "
                f"predicted as {name_of(m.prediction)}",
                title=f"test image {m.index}",
            ),
            element("span", f"{name_of(m.truth)} → ", element("b", name_of(m.prediction))),
            element("span", f"{m.confidence:.3f}", class_="more"),
        )
        for m in found.mistakes
    ]
    listed = element("ul", *pictures, class_="pictures")
    return section("Most confident mistakes", element("p", text), listed, kind="wide")


def _first_weights(found: Findings) -> Html:
    weights = found.run.network.weights[0]
    shape = found.run.settings.image_shape
    shown = weights[:SHOWN_UNITS]
    pictures = [
        element(
            "li",
            element("img", src=weights_uri(w.reshape(shape)), alt=f"weights of unit {unit}"),
            element("span", f"{unit}", class_="more"),
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
    return section(title, element("p", text), listed, kind="wide")


def _saturation(found: Findings) -> Html:
    if not found.slopes:
        return section("Saturation", element("p", "The network has no hidden layer."))
    counts = "; ".join(
        f"layer {l}: {count:,} of {len(layer):,}"
        for l, (count, layer) in enumerate(zip(found.saturated, found.slopes, strict=True), start=2)
    )
    text = (
        "The slope of each hidden unit, averaged over test images. At or below the dotted line a "
        f"unit is saturated: it hardly learns. Saturated: {counts}."
    )
    svg = to_inline_svg(unit_slopes(found.slopes, found.flat))
    return section("Saturation", element("p", text), chart(svg, "Mean slope of hidden units"))


def _seconds(found: Findings) -> Html:
    if not found.seconds:
        return Html("")
    text = (
        f"Median {median(found.seconds):.2f} s, from {min(found.seconds):.2f} s to "
        f"{max(found.seconds):.2f} s; training only."
    )
    svg = to_inline_svg(epoch_seconds([found.run]))
    return section("Time per epoch", element("p", text), chart(svg, "Seconds by epoch"))
