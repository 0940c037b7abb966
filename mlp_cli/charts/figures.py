"""The look of charts, and their way into a file or a page."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, nullcontext, suppress
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, filterwarnings

from mlp_cli.errors import OptionError
from mlp_cli.system.outputs import check_output, writing
from mlp_cli.system.packages import import_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1f24"
"""colour of text and lines; a page replaces it with its own"""
# Without date and version the same run gives the same file.
NO_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""what to leave out of each format; the keys are the endings that a chart's name may have"""

CHART_STYLE: dict[Any, Any] = {  # matplotlib's type lists every key
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9.0,
    "grid.alpha": 0.15,
    "grid.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",  # text stays text: small, sharp and searchable
    "svg.hashsalt": "mlp",
    "text.color": INK,
    "text.parse_math": False,  # a dollar in the name of a folder is a dollar
    "xtick.color": INK,
    "ytick.color": INK,
}
TICK_STEPS = (1, 2, 5)
"""between the epochs that an axis names, and ten, a hundred, ... times these"""
MOST_TICKS = 8


MODULES = (
    *("matplotlib", "matplotlib.figure", "matplotlib.colors", "matplotlib.ticker"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    "matplotlib.backends.backend_svg",
)
"""all that charts need of matplotlib"""
SETTINGS_FILE = Path(__file__).with_name("matplotlibrc")
HIDDEN = ("MPLBACKEND", "MATPLOTLIBRC")
"""variables that matplotlib obeys when it is imported"""
FOLDERS = ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME")
"""variables that lead to the folder of its list of fonts, perhaps from the current folder"""


def require_matplotlib() -> None:
    """Import matplotlib, whatever variables and files the user has for it.

    Raises MissingPackageError, which says how to install it, where it is missing or broken.
    """
    with nullcontext() if MODULES[0] in sys.modules else _apart():
        import_extra(MODULES, "plot", "charts need it")


@contextmanager
def _apart() -> Iterator[None]:
    """Hide from matplotlib, while it is imported, the settings that are not ours.

    A notebook's MPLBACKEND names a backend that is not installed here, and any file `matplotlibrc`
    in the current folder is read, even one that cannot be.
    """
    before = {name: os.environ.get(name) for name in (*HIDDEN, *FOLDERS)}
    try:
        for name in HIDDEN:
            os.environ.pop(name, None)
        with ExitStack() as stack:
            with suppress(FileNotFoundError):  # the current folder was removed, and is empty
                for name in FOLDERS:
                    if folder := before[name]:
                        os.environ[name] = os.path.abspath(folder)
                stack.enter_context(chdir(SETTINGS_FILE.parent))
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def check_destination(path: Path) -> None:
    """Check that a chart can be drawn and written here, before any work is done.

    Raises OptionError for an unknown ending, MissingPackageError without
    matplotlib, OutputError where the file cannot be written.
    """
    _format(path)
    require_matplotlib()
    check_output(path)


@contextmanager
def styled() -> Iterator[None]:
    """Draw and write in the block with our style, whatever the user's own is."""
    require_matplotlib()
    import matplotlib as mpl

    # Not mpl.rcdefaults, which first reads every style in the user's folder.
    defaults = {
        name: mpl.rcParamsDefault[name] for name in mpl.rcParamsDefault if name != "backend"
    }
    with mpl.rc_context(defaults | CHART_STYLE):
        yield


def panels(
    width: float, height: float, rows: int = 1, *, shares_x: bool = True
) -> "tuple[Figure, list[Axes]]":
    """Return a new figure of this size in inches, and its charts, one above the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, sharex=shares_x, squeeze=False)
    return figure, list(axes[:, 0])


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a chart on white, in the format that its name ends in.

    Raises OptionError for an unknown ending, OutputError where the file cannot be written.
    """
    kind = _format(path)
    with styled(), _any_glyph(), writing(path) as file:
        _canvas(figure, kind)
        figure.savefig(file, format=kind, dpi=150, metadata=NO_METADATA[kind])


def showing_itself(figure: "Figure") -> "Figure":
    """Return the figure, which a notebook shows where a cell ends in it.

    Notebooks know how to show figures of pyplot, which would look for a backend.
    """
    figure._repr_svg_ = lambda: to_inline_svg(figure)  # type: ignore[attr-defined]
    return figure


def to_inline_svg(figure: "Figure") -> str:
    """Return a chart as a transparent SVG element that takes the text colour of its page."""
    text = StringIO()
    with styled(), _any_glyph():
        _canvas(figure, "svg")
        figure.savefig(text, format="svg", transparent=True, metadata=NO_METADATA["svg"])
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Every chart numbers its groups from 1, and an id must not occur twice in a page.
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    own = sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{own}-", svg)
    return re.sub(r"\s*\n\s*", " ", svg.replace(INK, "currentColor")).strip()


@contextmanager
def _any_glyph() -> Iterator[None]:
    """Draw a box, without a warning, for a letter of a name that the font lacks."""
    with catch_warnings():
        filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _canvas(figure: "Figure", kind: str) -> None:
    """Give a figure the canvas that writes this format, so that no backend is looked for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    {"png": FigureCanvasAgg, "svg": FigureCanvasSVG, "pdf": FigureCanvasPdf}[kind](figure)


def _format(path: Path) -> str:
    kind = path.suffix.lower().removeprefix(".")
    if kind not in NO_METADATA:
        raise OptionError(
            f"{path}: unknown kind of chart, expected a name that ends in .png, .svg or .pdf."
        )
    return kind


def epoch_ticks(last: int) -> list[int]:
    """Return the epochs to name below an axis that ends at `last`: 1, and as many as fit."""
    steps = (step * 10**power for power in range(9) for step in TICK_STEPS)
    step = next(step for step in steps if last / step <= MOST_TICKS)
    if step <= 2:
        return list(range(1, last + 1, step))
    return [1, *range(step, last + 1, step)]
