"""What makes a run: the table of its settings, and their values as a checkpoint stores them."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from mlp_cli.datasets.source import HoldOut
from mlp_cli.errors import OptionError
from mlp_cli.learning.names import DistortionName, EngineName, ScheduleName, width_of
from mlp_cli.nn.names import ActivationName, CostName, DtypeName, InitName
from mlp_cli.runs.schema import (
    Choice,
    DatasetText,
    Kind,
    Names,
    Option,
    Real,
    Setting,
    Text,
    ViewText,
    Whole,
    Wholes,
    bad_meta,
    show_option,
)

if TYPE_CHECKING:
    from mlp_cli.learning.schedules import Schedule

DistortName = Literal["none", DistortionName]

FRACTION = Real(least=0, most=1, excludes_most=True)

TABLE = (
    Setting(
        "dataset",
        DatasetText(),
        "mnist",
        "Dataset to train on, or a folder of your own with four IDX files. "
        "`synthetic` is drawn and needs no download.",
    ),
    Setting(
        "hidden",
        Wholes(Whole(1, 1_000_000)),
        [30],
        "Units of a hidden layer. Repeat it for more layers, or write 256,128; 0 for none.",
    ),
    Setting(
        "activation",
        Choice(get_args(ActivationName)),
        "sigmoid",
        "Activation function of the hidden layers.",
    ),
    Setting(
        "cost",
        Choice(get_args(CostName)),
        "quadratic",
        "Cost function to minimise. The outputs are sigmoids; with log-likelihood, a softmax.",
    ),
    Setting(
        "init",
        Choice(get_args(InitName)),
        "scaled",
        "Spread of the initial weights: 1 / sqrt(inputs), or the book's 1.",
    ),
    Setting(
        "epochs",
        # The history, up to 900 bytes an epoch, must stay within what a reader takes of a file.
        Whole(1, 40_000),
        30,
        "Passes through the training images.",
        may_change_on_resume=True,
    ),
    Setting(
        "eta",
        Real(least=0, excludes_least=True),
        3.0,
        "Learning rate. Usual with the quadratic cost: 0.1 to 10 for sigmoid, 0.1 to 3 for tanh, "
        "0.03 to 1 for relu; a third to a tenth of it with the others.",
        may_change_on_resume=True,
        other_spellings=("--lr", "--learning-rate"),
    ),
    Setting(
        "schedule",
        Choice(get_args(ScheduleName)),
        "constant",
        "How the learning rate changes: along a cosine, or halved at steps or on plateaus.",
    ),
    Setting(
        "schedule_every",
        Whole(1),
        10,
        "Epochs between two steps, or without improvement before halve-on-plateau halves.",
    ),
    Setting("warmup", Whole(), 0, "Epochs at the start in which the learning rate rises to eta."),
    Setting(
        "batch_size",
        Whole(1),
        10,
        "Examples per update. With 1 it is the derivation's Train to the letter.",
    ),
    Setting("momentum", FRACTION, 0.0, "Fraction of the last update that is added to the next."),
    Setting(
        "l2",
        Real(least=0),
        0.0,
        "L2 regularisation, lambda: weights shrink by eta lambda / n at every update.",
    ),
    Setting("dropout", FRACTION, 0.0, "Fraction of hidden units dropped for each example."),
    Setting(
        "view",
        ViewText(),
        "plain",
        "How the network sees images: as they are, deslanted, or stretched to a width of N pixels.",
    ),
    Setting(
        "distort",
        Choice(get_args(DistortName)),
        "none",
        "Train on newly distorted images in every epoch. Each kind includes the ones before it.",
    ),
    Setting("distort_strength", Real(least=0, most=10), 1.0, "Scale of all distortions."),
    Setting(
        "validation",
        Whole(),
        None,
        "Training images to hold out: the last ones; of a folder of your own a sample of every "
        "class. 0 trains on all of them.",
        shown_default="a sixth, from 10 to 10000",
    ),
    Setting(
        "patience",
        Whole(),
        0,
        "Stop after this many epochs without a better validation accuracy.",
        may_change_on_resume=True,
        shown_default="never",
    ),
    Setting("seed", Whole(), 0, "Seed of all random numbers."),
    Setting("dtype", Choice(get_args(DtypeName)), "float32", "Precision of the parameters."),
    Setting(
        "engine",
        Choice(get_args(EngineName)),
        "auto",
        "Code that learns: compiled C, NumPy, or the derivation's own lines (plain). "
        "auto takes the fastest.",
        may_change_on_resume=True,
        automatic="auto",
    ),
    Setting(
        "threads",
        Whole(1, 1024),
        None,
        "Threads for matrix products.",
        may_change_on_resume=True,
        shown_default="by the size of the network",
    ),
)

SETTINGS = {setting.name: setting for setting in TABLE}
"""the options of `mlp train` that make a run, which are the keys of a preset, by name"""

CHANGEABLE = {setting.name for setting in TABLE if setting.may_change_on_resume}
"""settings that may change on resume"""

FACTS: dict[str, Kind] = {
    "data_dir": Text(),
    "fingerprint": Text(),
    "held_out": Choice(get_args(HoldOut)),
    "class_names": Names(),
    "image_shape": Wholes(Whole(1)),
    "sizes": Wholes(Whole(1)),
}
"""what a checkpoint stores beside the options: facts about the data and the network"""


@dataclass(frozen=True)
class Settings:
    """The settings of a run: with these and the same data it can be made again.

    A default is the value in a checkpoint that was written before the setting existed.
    """

    dataset: str
    data_dir: str
    """the data folder as it was given"""
    fingerprint: str
    """SHA-256 over the dataset's arrays; empty where they are not known"""
    image_shape: tuple[int, ...]
    """rows and columns"""
    sizes: tuple[int, ...]
    """units of every layer, input first"""
    epochs: int
    """0 in a network that was trained elsewhere; then neither this nor eta is known"""
    eta: float
    batch_size: int
    validation: int
    """how many training images are held out"""
    seed: int
    init: InitName
    dtype: DtypeName
    activation: ActivationName = "sigmoid"
    cost: CostName = "quadratic"
    l2: float = 0.0
    momentum: float = 0.0
    dropout: float = 0.0
    schedule: ScheduleName = "constant"
    schedule_every: int = 10
    warmup: int = 0
    view: str = "plain"
    distort: DistortName = "none"
    distort_strength: float = 1.0
    patience: int = 0
    """epochs without a better validation accuracy after which the run ends; 0: it does not"""
    engine: EngineName = "numpy"
    threads: int = 1
    """for matrix products; another number may round them differently"""
    held_out: HoldOut = "last"
    """which training images are held out"""
    class_names: tuple[str, ...] = ()
    """one for each output; none where they are not known: see `names_of`"""

    def learning_rates(self) -> "Schedule":
        """Return the schedule of the learning rate."""
        from mlp_cli.learning.schedules import Schedule

        return Schedule(
            self.eta, self.epochs, self.schedule, every=self.schedule_every, warmup=self.warmup
        )

    @property
    def hidden(self) -> list[int]:
        """Units of the hidden layers."""
        return list(self.sizes[1:-1])

    def options(self) -> dict[str, Option]:
        """Return the settings that are options of `mlp train`, by name."""
        return {name: getattr(self, name) for name in SETTINGS}

    def with_options(self, given: Mapping[str, Option]) -> Self:
        """Return the settings of a run that is resumed with these options.

        Raises OptionError, naming both values, for an option that would make it another run.
        """
        changes: dict[str, Any] = {}
        for name, value in given.items():
            setting, ours = SETTINGS[name], getattr(self, name)
            if name == "dataset":  # the data are known by their content, once they are read
                continue
            if value in (ours, setting.automatic):
                continue
            if not setting.may_change_on_resume:
                raise OptionError(
                    f"{setting.spelling} {show_option(value)}: the run to be resumed has "
                    f"{show_option(ours)}. "
                    "Leave the option out, or train a new run without --resume."
                )
            changes[name] = value
        return replace(self, **changes)

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> Self:
        """Return the settings in a checkpoint's meta, each checked to be of its kind and range.

        A setting that has a default here may be missing: files of earlier versions have fewer.
        Raises CheckpointError, naming the setting, where another is, or one is something else.
        """
        # A network that was trained elsewhere has had no epochs here, and no learning rate.
        trained_elsewhere = type(meta.get("epochs")) is int and meta["epochs"] == 0
        values: dict[str, Any] = {}
        for field in fields(cls):
            name = field.name
            if name not in meta and field.default is not MISSING:
                continue
            value = meta.get(name)
            kind = SETTINGS[name].kind if name in SETTINGS else FACTS[name]
            is_unknown = trained_elsewhere and name in ("epochs", "eta") and value == 0
            if not is_unknown and not kind.accepts(value):
                raise bad_meta(name, value, str(kind))
            values[name] = tuple(value) if isinstance(value, list) else value
        settings = cls(**values)
        if len(settings.sizes) < 2:
            raise bad_meta("sizes", settings.sizes, "an input and an output layer at least")
        if not SETTINGS["hidden"].accepts(settings.hidden):
            expected = f"for the hidden layers {SETTINGS['hidden'].expected}"
            raise bad_meta("sizes", settings.sizes, expected)
        if len(settings.class_names) not in (0, settings.sizes[-1]):
            raise bad_meta("class_names", settings.class_names, f"{settings.sizes[-1]} or none")
        if len(settings.image_shape) != 2 or math.prod(settings.image_shape) != settings.sizes[0]:
            expected = f"rows and columns of {settings.sizes[0]} pixels"
            raise bad_meta("image_shape", settings.image_shape, expected)
        if (width_of(settings.view) or 0) > settings.image_shape[1]:
            raise bad_meta("view", settings.view, f"{settings.image_shape[1]} at most, as an image")
        return settings
