"""The parts of the page that are about one run."""

from statistics import median

from mlp_cli.datasets.catalogue import find_source
from mlp_cli.pages.charts import confusion_heat_map, epoch_seconds, unit_slopes
from mlp_cli.pages.figures import to_inline_svg
from mlp_cli.pages.findings import Findings
from mlp_cli.pages.markup import Html, element, percent, table
from mlp_cli.pages.pictures import image_uri, weights_uri

SHOWN_UNITS = 100
"""of the first layer: more pictures would only make the page long"""


def run_sections(found: Findings) -> Html:
    """Return all that is told of one run."""
    wide = [_mistakes(found), _first_weights(found)]
    narrow = [_confusion(found), _classes(found), _saturation(found), _seconds(found)]
    return element(
        "div", *narrow[:2], *wide, *(part for part in narrow[2:] if part), class_="sections"
    )


def section(title: str, *content: str, kind: str = "") -> Html:
    """Return a part of the page under its heading."""
    return element("section", element("h3", title), *content, class_=kind)


def chart(svg: str, name: str) -> Html:
    """Return a chart that says its name to who cannot see it."""
    return element("figure", Html(svg), role="img", aria_label=name)


def _confusion(found: Findings) -> Html:
    text = "Blue: answered right. The stronger the orange, the larger a share of its row."
    svg = to_inline_svg(confusion_heat_map(found.confusion))
    return section("Confusion matrix", element("p", text), chart(svg, "Confusion matrix"))


def _classes(found: Findings) -> Html:
    figures = found.figures
    kind, headings = find_source(found.run.settings.dataset).class_headings(len(figures))
    head = [kind, "precision", "recall", "F1", "examples"]
    rows = [
        [heading, percent(f.precision), percent(f.recall), percent(f.f1), f"{f.examples:,}"]
        for heading, f in zip(headings, figures, strict=True)
    ]
    text = f"Mean cost of a test image: {found.cost:.4f}."
    return section(
        f"{kind.capitalize()} by {kind}", table(head, rows, numbers_from=1), element("p", text)
    )


def _mistakes(found: Findings) -> Html:
    if not found.mistakes:
        return section("Mistakes", element("p", "Not one."), kind="wide")
    score = found.score
    text = (
        f"The {len(found.mistakes)} of {score.examples - score.correct:,} wrong answers that the "
        "network is surest of: the truth, the answer, and its output."
    )
    source = find_source(found.run.settings.dataset)
    names = [source.class_name(label) for label in range(len(found.confusion))]
    pictures = [
        element(
            "li",
            element(
                "img",
                src=image_uri(m.image),
                alt=f"test image {m.index}: {names[m.truth]}, read as {names[m.answer]}",
                title=f"test image {m.index}",
            ),
            element("span", f"{names[m.truth]} → ", element("b", names[m.answer])),
            element("span", f"{m.confidence:.3f}", class_="more"),
        )
        for m in found.mistakes
    ]
    listed = element("ul", *pictures, class_="pictures")
    return section("Most confidently wrong", element("p", text), listed, kind="wide")


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
        f" These are the first {len(shown)} of {len(weights):,}."
        if len(weights) > len(shown)
        else ""
    )
    text = (
        "The weights W² of each unit, laid out as the pixels that they weigh. Blue speaks for the "
        f"unit, orange against it; the strongest weight of each has the full colour.{of}"
    )
    listed = element("ul", *pictures, class_="pictures weights")
    title = "What the first layer looks at"
    return section(title, element("p", text), listed, kind="wide")


def _saturation(found: Findings) -> Html:
    if not found.slopes:
        return section("Saturation", element("p", "No hidden layer, so no unit to saturate."))
    counts = "; ".join(
        f"layer {l}: {count:,} of {len(layer):,}"
        for l, (count, layer) in enumerate(zip(found.saturated, found.slopes, strict=True), start=2)
    )
    text = (
        "The slope of each hidden unit, averaged over test images. At the dotted line or below "
        f"it a unit counts as saturated and hardly learns. Saturated: {counts}."
    )
    svg = to_inline_svg(unit_slopes(found.slopes, found.flat))
    return section("Saturation", element("p", text), chart(svg, "Mean slope of hidden units"))


def _seconds(found: Findings) -> Html:
    if not found.seconds:
        return Html("")
    text = (
        f"Median {median(found.seconds):.2f} s, from {min(found.seconds):.2f} s to "
        f"{max(found.seconds):.2f} s; training alone."
    )
    svg = to_inline_svg(epoch_seconds([found.run]))
    return section("Time per epoch", element("p", text), chart(svg, "Seconds by epoch"))
