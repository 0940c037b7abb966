"""Make docs/synthetic.png, the README's sheet of drawn digits: python docs/synthetic.py."""

from pathlib import Path

import numpy as np
from PIL import Image

from mlp_cli.datasets.drawn.drawing import draw_digits

ROWS, COLUMNS, SCALE = 5, 20, 2

labels = np.tile(np.arange(COLUMNS) // 2, ROWS)
images = draw_digits(labels, np.random.default_rng(0)).reshape(ROWS, COLUMNS, 28, 28)
sheet = Image.fromarray(images.swapaxes(1, 2).reshape(ROWS * 28, COLUMNS * 28))
sheet = sheet.resize((SCALE * sheet.width, SCALE * sheet.height), Image.Resampling.NEAREST)
sheet.quantize(32).save(Path(__file__).with_suffix(".png"), optimize=True)
