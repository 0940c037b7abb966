"""The datasets that have a name, and how any dataset is found and loaded.

NumPy and requests are imported only when files are read or fetched: help and completion need
the names alone.
"""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_cli.datasets.drawn.source import Drawn
from mlp_cli.datasets.fetching.published import Published
from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.own.arrays import OWN_ARRAYS, OwnArrays
from mlp_cli.datasets.own.folder import OwnFolder
from mlp_cli.datasets.source import DEFAULT_DATA_DIR, Source

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset


def find_source(text: str) -> Source:
    """Return the dataset that a user means: one of the catalogue, else a folder of that path."""
    if text == OWN_ARRAYS:
        return OwnArrays(name=text)
    return CATALOGUE.get(text) or OwnFolder(name=text)


def load_dataset(name: str, data_dir: str | PathLike[str] = DEFAULT_DATA_DIR) -> "Dataset":
    """Return the arrays of a dataset.

    name: one of the catalogue, or a folder with four IDX files.  `synthetic` is drawn where its
    files are not in the data folder.  The number of images and their size come from the files.
    Raises MissingDataError where files are missing, DataError where one is damaged or they
    disagree.
    """
    return find_source(name).load(Path(data_dir))


PUBLISHED = (
    Published(
        name="mnist",
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
        takes_loose_files=True,
    ),
    Published(
        name="fashion-mnist",
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
    Published(
        name="kmnist",
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
)

CATALOGUE: dict[str, Source] = {
    source.name: source for source in (*PUBLISHED, Drawn(name="synthetic"))
}
NAMES = tuple(CATALOGUE)
