"""The datasets known by name: their files, sums, mirrors and classes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlp_cli.system.shell import command_line

DEFAULT_DATASET = "mnist"
SYNTHETIC = "synthetic"
"""the dataset that is drawn, not fetched, and so has no source"""
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class PublishedFile:
    """One file as its publisher gives it out."""

    name: str
    size: int
    """bytes"""
    sha256: str

    def url(self, mirror: str) -> str:
        """Return the file's address at a mirror, whose own may lack the closing slash."""
        return f"{mirror.rstrip('/')}/{self.name}"


@dataclass(frozen=True)
class Source:
    """Where a dataset comes from."""

    files: Sequence[PublishedFile]
    mirrors: Sequence[str]
    """base addresses in the order to try them, each ending in a slash"""
    classes: Sequence[str] = DIGITS
    """what label 0, 1, ... stands for"""
    torchvision: str | None = None
    """the folder that torchvision keeps it in"""


def download_folder(name: str, data_dir: Path) -> Path:
    """Return where a dataset's files are downloaded to, and looked for first."""
    return data_dir / name


def download_command(name: str, data_dir: Path) -> str:
    """Return the command that downloads a dataset into a data folder, as a shell takes it."""
    named = [] if name == DEFAULT_DATASET else ["--dataset", name]
    return command_line(["mlp", "download", *named, "--data-dir", str(data_dir)])


def class_name(dataset: str, label: int) -> str:
    """Return what a label of a dataset stands for: `Sneaker`, or the digit itself.

    dataset: a name of the catalogue, or a folder of one's own, whose labels stand for themselves.
    """
    classes = CATALOGUE[dataset].classes if dataset in CATALOGUE else DIGITS
    return classes[label] if label < len(classes) else str(label)


def class_headings(dataset: str, count: int) -> tuple[str, list[str]]:
    """Return what the classes of a dataset are, `digit` or `class`, and what heads each of them."""
    names = [class_name(dataset, label) for label in range(count)]
    headings = [n if n == str(label) else f"{label} {n}" for label, n in enumerate(names)]
    return ("digit" if all(name.isdecimal() for name in names) else "class"), headings


def file_stem(dataset: str) -> str:
    """Return what a file about a dataset is called: its name, or its folder's, made safe.

    Letters, digits, `_`, `.` and `-` stay, anything else becomes `_`; 40 characters at most.
    """
    if dataset in NAMES:
        return dataset
    safe = re.sub(r"[^\w.-]+", "_", Path(dataset).resolve().name)
    return safe.strip("._-")[:40] or "data"


CATALOGUE = {
    "mnist": Source(
        files=(
            PublishedFile(
                "train-images-idx3-ubyte.gz",
                9912422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            PublishedFile(
                "train-labels-idx1-ubyte.gz",
                28881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            PublishedFile(
                "t10k-images-idx3-ubyte.gz",
                1648877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            PublishedFile(
                "t10k-labels-idx1-ubyte.gz",
                4542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
        mirrors=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://raw.githubusercontent.com/fgnt/mnist/master/",
        ),
        torchvision="MNIST",
    ),
    "fashion-mnist": Source(
        files=(
            PublishedFile(
                "train-images-idx3-ubyte.gz",
                26421880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            PublishedFile(
                "train-labels-idx1-ubyte.gz",
                29515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            PublishedFile(
                "t10k-images-idx3-ubyte.gz",
                4422102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            PublishedFile(
                "t10k-labels-idx1-ubyte.gz",
                5148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        torchvision="FashionMNIST",
    ),
    "kmnist": Source(
        files=(
            PublishedFile(
                "train-images-idx3-ubyte.gz",
                18165135,
                "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            ),
            PublishedFile(
                "train-labels-idx1-ubyte.gz",
                29497,
                "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            ),
            PublishedFile(
                "t10k-images-idx3-ubyte.gz",
                3041136,
                "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            ),
            PublishedFile(
                "t10k-labels-idx1-ubyte.gz",
                5120,
                "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
            ),
        ),
        mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        torchvision="KMNIST",
    ),
}

NAMES = (*CATALOGUE, SYNTHETIC)
"""every dataset that has a name"""
