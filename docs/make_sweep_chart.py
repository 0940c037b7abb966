"""Draw sweep.png: python docs/make_sweep_chart.py [DATA_DIR], from the top of a checkout.

The chart of a sweep over the learning rate, as `mlp sweep --plot` draws it, in 64 colours.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from mlp_cli.commands.shared.group import mlp

SWEEP = ["sweep", "--epochs", "3", "--vary", "eta=0.1,0.3,1,3,10,100", "--seeds", "5", "--quiet"]
COLOURS = 64


def main(data_dir: str) -> None:
    """Write the picture beside this file."""
    path = Path(__file__).with_name("sweep.png")
    with TemporaryDirectory() as folder:
        options = ["--data-dir", data_dir, "-o", f"{folder}/eta", "--plot", str(path)]
        mlp([*SWEEP, *options], standalone_mode=False)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["data"])
