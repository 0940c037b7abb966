"""The datasets known by name: their files, sums and mirrors."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PublishedFile:
    """One file as its publisher gives it out."""

    name: str
    size: int
    """bytes"""
    sha256: str


@dataclass(frozen=True)
class Source:
    """Where a dataset comes from."""

    files: Sequence[PublishedFile]
    mirrors: Sequence[str]
    """base addresses in the order to try them, each ending in a slash"""


def download_folder(name: str, data_dir: Path) -> Path:
    """Return where a dataset's files are downloaded to, and looked for first."""
    return data_dir / name


def download_command(data_dir: Path) -> str:
    """Return the command that downloads into a data folder, as a shell takes it."""
    return f"mlp download --data-dir {shlex.quote(str(data_dir))}"


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
    ),
}
