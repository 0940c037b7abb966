"""Pages of numbers, and pages without any digit, by seed: what is on them is known."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from mlp_cli import load_dataset
from mlp_cli.datasets.drawn.drawing import draw_digits
from mlp_cli.errors import DataError
from mlp_cli.images import find_digit

KINDS = ("clean", "framed", "squared", "gradient", "dark", "touching", "sums", "photo", "none")
SHARES = (700, 200, 200, 200, 150, 200, 100, 100, 150)
"""of 2,000 pages"""
LETTERS = {
    "A": "0,100 40,0 80,100 | 15,62 65,62",
    "E": "60,0 0,0 0,100 62,100 | 0,50 48,50",
    "F": "60,0 0,0 0,100 | 0,48 48,48",
    "H": "0,0 0,100 | 70,0 70,100 | 0,50 70,50",
    "K": "0,0 0,100 | 60,0 0,56 64,100",
    "M": "0,100 4,0 45,70 84,0 90,100",
    "N": "0,100 0,0 66,100 66,0",
    "P": "0,100 0,0 50,4 60,26 48,48 0,52",
    "R": "0,100 0,0 50,4 58,26 46,48 0,52 64,100",
    "T": "0,0 80,0 | 40,0 40,100",
    "V": "0,0 36,100 72,0",
    "W": "0,0 24,100 48,20 72,100 96,0",
    "X": "0,0 70,100 | 70,0 0,100",
    "Y": "0,0 36,48 | 72,0 36,48 36,100",
    "a": "56,40 20,34 0,66 16,100 44,92 58,44 60,100",
    "e": "4,66 56,62 46,36 16,36 0,66 12,98 54,94",
    "h": "0,0 0,100 | 0,56 30,38 52,52 54,100",
    "k": "0,0 0,100 | 48,36 0,70 52,100",
    "m": "0,36 0,100 | 0,50 20,36 38,46 38,100 | 38,50 60,36 76,46 78,100",
    "n": "0,36 0,100 | 0,52 26,36 50,48 52,100",
    "r": "0,36 0,100 | 0,54 24,36 44,42",
    "t": "24,0 22,86 34,100 54,94 | 0,34 52,34",
    "u": "0,36 2,84 24,100 50,84 | 52,36 54,100",
    "w": "0,36 16,100 36,50 56,100 74,36",
    "x": "0,36 54,100 | 52,36 0,100",
}
PEN = 0.28
"""of grey: by how much a pen moves the level that is the edge of a stroke"""
WORDS = (
    *("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"),
    *("Name", "Street", "Total", "Signature", "Hello", "World"),
)


@dataclass(frozen=True)
class Sheet:
    """A page."""

    grey: np.ndarray
    """(rows, columns), 0..255, float32"""
    lines: tuple[str, ...]
    """the digits of each line, from the left"""
    kind: str

    @property
    def text(self):
        return "".join(self.lines)


@dataclass
class Digits:
    """Images of digits to draw from: (n, 28, 28) with labels."""

    images: np.ndarray
    labels: np.ndarray


def drawn_digits(count=3000, seed=5):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    return Digits(draw_digits(labels, rng), labels)


def mnist_digits(folder, split="test"):
    """MNIST's images of a split, or nothing where they are not there."""
    try:
        images = getattr(load_dataset("mnist", folder), split)
    except DataError:
        return []
    return [Digits(np.asarray(images.images), np.asarray(images.labels))]


def kind_of(number):
    """The kind of a page of the 2,000, the kinds mixed."""
    return np.random.default_rng(99).permutation(np.repeat(KINDS, SHARES))[number % sum(SHARES)]


def make_page(seed, sources, kind=None):
    """The page of this seed.  sources: sets of Digits, one of which each page takes."""
    kind = str(kind or kind_of(seed))
    rng = np.random.default_rng([7, seed, KINDS.index(kind)])
    writer = Writer(rng, sources[int(rng.integers(len(sources)))])
    return MAKERS.get(kind, page_of_numbers)(rng, writer, kind)


class Writer:
    """A hand with a pen: digits of one source, one thickness."""

    def __init__(self, rng, digits):
        self.rng, self.digits = rng, digits
        self.pen = rng.uniform(-0.9, 0.9)  # thinner to thicker
        self.slant = rng.normal(0, 0.05)
        self.unevenness = rng.uniform(0, 1)
        self.soft = rng.random() < 0.4  # MNIST's own grey levels, enlarged

    def digit(self, height):
        """A digit and its ink, 0..1, about so many rows high."""
        k = int(self.rng.integers(len(self.digits.images)))
        image = Image.fromarray(self.digits.images[k])
        box = image.getbbox()
        image = image.crop((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1))
        tall = box[3] - box[1]
        size = height * (1 + self.unevenness * self.rng.uniform(-0.2, 0.2))
        # A digit that is wider than tall gets the same size, not the same height.
        scale = size / max(tall, 0.75 * (box[2] - box[0]), 14)
        new = max(3, round(image.width * scale)), max(3, round(image.height * scale))
        grey = np.asarray(image.resize(new, Image.Resampling.BICUBIC), np.float32) / 255
        if not self.soft:
            sharp = max(2.0, scale * 2)
            grey = ((grey - 0.5 + PEN * self.pen) * sharp + 0.5).clip(0, 1)
        return int(self.digits.labels[k]), trim(grey)


def trim(ink):
    mask = ink > 0.3
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return ink
    return ink[max(0, rows[0] - 1) : rows[-1] + 2, max(0, columns[0] - 1) : columns[-1] + 2]


def paste(ink, stamp, top, left):
    """Add a stamp to the ink; what is outside is lost."""
    top, left = round(top), round(left)
    rows = slice(max(0, top), min(ink.shape[0], top + stamp.shape[0]))
    columns = slice(max(0, left), min(ink.shape[1], left + stamp.shape[1]))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    part = stamp[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    np.maximum(ink[rows, columns], part, out=ink[rows, columns])


def stroke(length, width, upright=False):
    width = max(1, round(width))
    bar = np.ones((width, max(2, round(length))), np.float32)
    return bar.T if upright else bar


def write_number(ink, writer, top, left, height, count, gap, marks=True):
    """Write a number with its left end here; return its text and its right end.

    gap: heights between neighbours, below 0 where they touch.
    """
    rng, text, x = writer.rng, "", float(left)
    width = max(1.0, height * 0.09 * (1 + 0.5 * writer.pen))
    if marks and rng.random() < 0.12:
        paste(ink, stroke(height * rng.uniform(0.3, 0.5), width), top + height / 2, x)
        x += 0.75 * height
    point = int(rng.integers(1, count)) if marks and count > 1 and rng.random() < 0.25 else 0
    slope = rng.normal(0, 0.02)
    for k in range(count):
        label, stamp = writer.digit(height)
        wobble = writer.unevenness * rng.normal(0, 0.04) * height
        y = top + (height - stamp.shape[0]) * rng.uniform(0.4, 1) + wobble + slope * (x - left)
        if gap < 0 and k and rng.random() < 0.75:
            x = touching_place(ink, stamp, y, x, gap * height / 4)
        paste(ink, stamp, y, x)
        x += stamp.shape[1]
        text += str(label)
        if k + 1 == point:
            x += 0.12 * height
            dot = stroke(width * rng.uniform(1, 1.8), width * rng.uniform(1.2, 3), upright=True)
            paste(ink, dot, top + height * rng.uniform(0.9, 0.98) + slope * (x - left), x)
            x += dot.shape[1] + 0.14 * height
        else:
            x += max(2.0, height * (abs(gap) + writer.unevenness * rng.uniform(-0.06, 0.12)))
    return text, x


def touching_place(ink, stamp, top, left, overlap):
    """The column from which a stamp touches the ink at its left, and goes on a little."""
    top, left = round(top), round(left)
    solid = ink > 0.4
    for x in range(left + 2, max(0, left - 2 * stamp.shape[0]), -1):
        rows = slice(max(0, top), top + stamp.shape[0])
        under = solid[rows, x : x + stamp.shape[1]]
        if (under & (stamp[: under.shape[0], : under.shape[1]] > 0.4)).any():
            return x + overlap
    return left


def numbers(rng, writer, rows, columns, height, kind, lines, room=1.5):
    """Lines of numbers on empty ink."""
    ink = np.zeros((rows, columns), np.float32)
    texts, top = [], height * rng.uniform(0.4, 1.0)
    gap = -rng.uniform(0.0, 0.1) if kind == "touching" else rng.uniform(0.12, 0.5)
    for _ in range(lines):
        if top + 1.4 * height > rows:
            break
        x, text = height * rng.uniform(0.3, 1.5), ""
        while True:
            most = int((columns - x - 0.5 * height) / (height * (0.85 + max(gap, 0))))
            if most < 1:
                break
            count = min(most, int(rng.integers(1, 13)))
            found, x = write_number(ink, writer, top, x, height, count, gap)
            text += found
            x += height * rng.uniform(0.9, 2.5)
            if rng.random() < 0.6:
                break
        if text:
            texts.append(text)
        top += height * rng.uniform(room, room + 0.6)
    return ink, texts


def page_of_numbers(rng, writer, kind):
    height = rng.uniform(18, 90)
    columns = int(rng.uniform(4, 15) * height)
    lines = int(rng.integers(1, 7))
    rows = int((lines * 1.8 + rng.uniform(0.8, 2)) * height)
    ink, texts = numbers(rng, writer, rows, columns, height, kind, lines)
    turn = rng.uniform(-10, 10) if rng.random() < 0.4 else rng.uniform(-1.5, 1.5)
    ink = turned_ink(ink, turn)
    return finish(rng, ink, texts, kind, height if kind in ("squared", "photo") else 0)


def turned_ink(ink, degrees):
    picture = Image.fromarray(ink)
    large = picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    return np.asarray(large).clip(0, 1)


def framed(rng, writer, kind):
    height = rng.uniform(22, 80)
    style = rng.choice(["cells", "boxes", "frame", "circles"])
    count = int(rng.integers(1, 13))
    lines = int(rng.integers(1, 5))
    cell = height * rng.uniform(1.35, 1.9)
    pitch = cell * (1 if style == "cells" else rng.uniform(1.1, 1.4))
    width = max(1, round(rng.uniform(0.015, 0.06) * height))
    rows = int((lines * 1.35 + 1) * cell)
    columns = int(count * pitch + 2 * cell)
    ink = np.zeros((rows, columns), np.float32)
    darkness = rng.uniform(0.5, 1)
    texts = []
    picture = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(picture)
    for line in range(lines):
        top = cell * (0.4 + 1.35 * line)
        text = ""
        if style == "frame":
            text, x = write_number(ink, writer, top + (cell - height) / 2, cell, height, count, 0.2)
            draw.rectangle(
                (cell * 0.6, top, max(x, 2 * cell), top + cell), outline=255, width=width
            )
        else:
            for k in range(count):
                left = cell / 2 + k * pitch
                box = (left, top, left + cell, top + cell)
                if style == "circles":
                    draw.ellipse(box, outline=255, width=width)
                else:
                    draw.rectangle(box, outline=255, width=width)
                if style == "cells" and rng.random() < 0.1:
                    continue
                label, stamp = writer.digit(height * 0.85)
                y = top + (cell - stamp.shape[0]) * rng.uniform(0.3, 0.7)
                x = left + (cell - stamp.shape[1]) * rng.uniform(0.3, 0.7)
                paste(ink, stamp, y, x)
                text += str(label)
        if text:
            texts.append(text)
    frame = np.asarray(picture, np.float32) / 255 * darkness
    degrees = rng.uniform(-5, 5) if rng.random() < 0.4 else 0
    return finish(rng, turned_ink(np.maximum(ink, frame), degrees), texts, kind)


def ruled(rng, shape, height):
    """The lines of squared or ruled paper, 0..1."""
    large = Image.new("L", (shape[1] + 200, shape[0] + 200))
    draw = ImageDraw.Draw(large)
    pitch = height * rng.choice([0.5, 0.7, 1.0, 1.5])
    pitch = max(pitch, 9)
    width = max(1, round(0.025 * height * rng.uniform(0.5, 1.5)))
    squared = rng.random() < 0.7
    for at in np.arange(rng.uniform(0, pitch), max(large.size), pitch):
        draw.line((0, at, large.width, at), fill=255, width=width)
        if squared:
            draw.line((at, 0, at, large.height), fill=255, width=width)
    large = large.rotate(rng.uniform(-3, 3), Image.Resampling.BICUBIC)
    lines = np.asarray(large, np.float32)[100 : 100 + shape[0], 100 : 100 + shape[1]] / 255
    return lines * rng.uniform(0.1, 0.55)


def sums(rng, writer, kind):
    """A column of sums on squared paper."""
    height = rng.uniform(24, 60)
    count, digits = int(rng.integers(2, 5)), int(rng.integers(2, 6))
    columns, rows = int((digits * 1.3 + 4) * height), int((count + 2) * 1.7 * height)
    ink = np.zeros((rows, columns), np.float32)
    width = max(1.0, height * 0.08 * (1 + 0.5 * writer.pen))
    texts = []
    for line in range(count + 1):
        n = int(rng.integers(max(1, digits - 1), digits + 1))
        top = height * (0.6 + 1.6 * line)
        left = height * (2 + 1.15 * (digits - n))
        text, _ = write_number(ink, writer, top, left, height, n, rng.uniform(0.15, 0.3), False)
        texts.append(text)
        if line == count - 1:
            size = height * rng.uniform(0.5, 0.75)
            y, x = top + height * 0.5, height * 0.9
            paste(ink, stroke(size, width), y, x)
            paste(ink, stroke(size, width, upright=True), y - size / 2, x + size / 2)
            paste(ink, stroke(columns - 1.6 * height, width), top + 1.3 * height, 0.8 * height)
    ink = turned_ink(ink, rng.uniform(-2, 2))
    return finish(rng, ink, texts, kind, height)


def none(rng, writer, kind):
    """Lines, blots or letters, and no digit."""
    rows, columns = (int(n) for n in rng.integers(200, 900, 2))
    what = rng.choice(["lines", "blots", "print", "hand"])
    if what == "lines":
        ink = lines_and_curves(rng, rows, columns)
    elif what == "blots":
        ink = blots(rng, rows, columns)
    elif what == "print":
        ink = printed(rng, rows, columns)
    else:
        ink = lettered(rng, rows, columns)
    return finish(rng, ink, [], kind)


def lines_and_curves(rng, rows, columns):
    picture = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 9))):
        ends = rng.uniform(0, 1, 4) * np.array([columns, rows, columns, rows])
        width = int(rng.integers(1, 8))
        if rng.random() < 0.6:
            draw.line(tuple(ends), fill=255, width=width)
        else:
            t = np.linspace(0, 1, 60)
            x = ends[0] + (ends[2] - ends[0]) * t
            y = ends[1] + rows / 8 * np.sin(rng.uniform(2, 20) * t + rng.uniform(0, 6))
            draw.line(list(zip(x, y, strict=True)), fill=255, width=width)
    return np.asarray(picture, np.float32) / 255


def blots(rng, rows, columns):
    noise = rng.normal(size=(max(2, rows // 40), max(2, columns // 40))).astype(np.float32)
    smooth = np.asarray(Image.fromarray(noise).resize((columns, rows), Image.Resampling.BICUBIC))
    return ((smooth - rng.uniform(1.2, 1.8)) * 8).clip(0, 1)


def printed(rng, rows, columns):
    picture = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(picture)
    size = int(rng.integers(16, 70))
    font = ImageFont.load_default(size)
    y = 5.0
    while y < rows - size:
        draw.text((8, y), " ".join(rng.choice(WORDS, 4)), fill=255, font=font)
        y += size * rng.uniform(1.2, 2)
    return np.asarray(picture, np.float32) / 255


def lettered(rng, rows, columns):
    """Letters as a hand writes them."""
    size = rng.uniform(25, 80)
    picture = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(picture)
    width = max(1, round(size * rng.uniform(0.05, 0.12)))
    y = size * 0.4
    while y + size < rows:
        x = size * 0.4
        while x + size < columns:
            draw_letter(rng, draw, (x, y), size, width)
            x += size * rng.uniform(0.95, 1.2)
            if rng.random() < 0.2:
                x += size
        y += size * rng.uniform(1.4, 2)
    return np.asarray(picture, np.float32) / 255


def draw_letter(rng, draw, at, size, width):
    """Draw a letter with its left upper corner here, and return its right end."""
    name = str(rng.choice(list(LETTERS)))
    slant, end = rng.normal(0.1, 0.12), at[0]
    for run in LETTERS[name].split("|"):
        points = np.array([[float(v) for v in p.split(",")] for p in run.split()])
        points += rng.normal(0, 3, points.shape)
        points[:, 0] += slant * (100 - points[:, 1])
        places = [(at[0] + a * size / 100, at[1] + b * size / 100) for a, b in points]
        draw.line(places, fill=255, width=width, joint="curve")
        end = max(end, *(across for across, _ in places))
    return end


def make_form(seed, sources):
    """The page of this seed with words among its numbers, as on an envelope or a form."""
    rng = np.random.default_rng([8, seed])
    writer = Writer(rng, sources[int(rng.integers(len(sources)))])
    height, lines = rng.uniform(24, 60), int(rng.integers(2, 6))
    rows, columns = int((1.8 * lines + 1) * height), int(rng.uniform(14, 22) * height)
    ink = np.zeros((rows, columns), np.float32)
    words = Image.new("L", (columns, rows))
    draw, font = ImageDraw.Draw(words), ImageFont.load_default(height * rng.uniform(0.8, 1.2))
    width = max(1, round(height * 0.09 * (1 + 0.5 * writer.pen)))
    is_printed = rng.random() < 0.5
    texts = []
    for line in range(lines):
        top, x, text = height * (0.6 + 1.8 * line), height * rng.uniform(0.4, 1.5), ""
        while x < columns - 7 * height:
            if rng.random() < 0.5:
                found, x = write_number(ink, writer, top, x, height, int(rng.integers(1, 7)), 0.2)
                text += found
            elif is_printed:
                word = str(rng.choice(WORDS))
                draw.text((x, top + height), word, fill=255, font=font, anchor="ls")
                x += draw.textlength(word, font=font)
            else:
                for _ in range(int(rng.integers(3, 8))):
                    x = draw_letter(rng, draw, (x, top), height, width) + height * 0.15
            x += height * rng.uniform(0.7, 1.2)
        if text:
            texts.append(text)
    return finish(rng, np.maximum(ink, np.asarray(words, np.float32) / 255), texts, "form")


def finish(rng, ink, texts, kind, height=0):
    """Put the ink on a ground, as a camera or a scanner would see it.

    height: of digits, for the pitch of squared or ruled paper; 0 for plain paper.
    """
    margin = [int(rng.uniform(0, 0.25) * min(ink.shape)) + 3 for _ in range(4)]
    edges = ((margin[0], margin[1]), (margin[2], margin[3]))
    ink = np.pad(ink, edges)
    rows, columns = ink.shape
    light = rng.uniform(200, 255)
    ground = np.full(ink.shape, light, np.float32)
    if kind in ("gradient", "photo") or (kind == "none" and rng.random() < 0.3):
        y, x = np.mgrid[:rows, :columns]
        angle = rng.uniform(0, 2 * np.pi)
        along = np.cos(angle) * x / columns + np.sin(angle) * y / rows
        along = (along - along.min()) / np.ptp(along)
        ground -= rng.uniform(40, 120) * along
        if rng.random() < 0.5:
            shadow = np.hypot(x / columns - rng.random(), y / rows - rng.random())
            ground -= rng.uniform(10, 40) * np.exp(-((shadow / 0.35) ** 2))
        ground = ground.clip(60, 255)
    if height:
        ground = ground * (1 - ruled(rng, ink.shape, height))
    dark = rng.uniform(5, 110) if kind != "photo" else rng.uniform(20, 100)
    strength = 1 - dark / 255
    grey = ground * (1 - ink * strength)
    if kind == "dark" or (kind == "touching" and rng.random() < 0.2):
        grey = 255 - grey
    picture = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
    blur = rng.uniform(0, 1.2) * min(1.0, min(rows, columns) / 200)
    if kind == "photo":
        blur = max(blur, 0.6)
    picture = picture.filter(ImageFilter.GaussianBlur(blur))
    noise = rng.uniform(0, 8) if rng.random() < 0.6 else 0.0
    grey = np.asarray(picture, np.float32) + noise * rng.normal(size=ink.shape)
    picture = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.5 or kind == "photo":
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(40, 96)))
        picture = Image.open(file)
    picture.load()
    longest = max(picture.size)
    if longest > 1024:  # as a picture is reduced when it is read
        picture = picture.resize(
            tuple(max(1, round(n * 1024 / longest)) for n in picture.size), Image.Resampling.BOX
        )
    return Sheet(np.asarray(picture, np.float32), tuple(texts), kind)


MAKERS = {"framed": framed, "sums": sums, "none": none}


def edit_distance(found, expected):
    """How many digits are to be put in, taken out or replaced to make one text the other."""
    before = list(range(len(expected) + 1))
    for i, a in enumerate(found, 1):
        now = [i]
        for j, b in enumerate(expected, 1):
            now.append(min(before[j] + 1, now[-1] + 1, before[j - 1] + (a != b)))
        before = now
    return before[-1]


def legible(digits, outputs, most=2000):
    """The digits that a network reads correctly where each is alone, with a thin and a thick pen.

    On pages of these, what goes wrong is in finding, cutting, joining and placing.
    """
    right = np.ones(min(most, len(digits.images)), bool)
    for pen in (-0.9, 0.0, 0.9):
        images = []
        for image in digits.images[:most]:
            large = Image.fromarray(image).resize((84, 84), Image.Resampling.BICUBIC)
            ink = np.asarray(large, np.float32) / 255
            ink = ((ink - 0.5 + PEN * pen) * 6 + 0.5).clip(0, 1)
            images.append(find_digit(255 - 255 * ink).image)
        right &= outputs(np.stack(images)).argmax(axis=1) == digits.labels[:most]
    return Digits(digits.images[:most][right], digits.labels[:most][right])
