"""Pictures of one digit among the clutter of people's pictures, by kind and random stream."""

from functools import partial
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WHITE, BLACK = (250, 250, 247), (28, 28, 32)


def lerp(rng, low, high):
    return float(rng.uniform(low, high))


def stamp(image, side):
    """An MNIST image as the opacity of ink, (side, side): large, with edges of a pen."""
    large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    return ((np.asarray(large, float) / 255 - 0.15) / 0.5).clip(0, 1)


def paint(picture, opacity, colour, at=(0, 0)):
    """Lay a colour on a picture, (rows, columns, 3), in place."""
    (top, left), (rows, columns) = at, opacity.shape
    part = picture[top : top + rows, left : left + columns]
    part += (np.array(colour, float) - part) * opacity[: part.shape[0], : part.shape[1], None]


def ground(side, colour=WHITE):
    return np.tile(np.array(colour, float), (side, side, 1))


def put(picture, image, rng, share=(0.3, 0.5), colour=BLACK, middle=0.5):
    """Write a digit near the middle; `share` is of its cell, whose digit fills 20 / 28."""
    n = len(picture)
    side = int(n * lerp(rng, *share) * 1.4)
    room = [int((middle + lerp(rng, -0.04, 0.04)) * n - side / 2) for _ in range(2)]
    paint(picture, stamp(image, side), colour, [max(0, place) for place in room])
    return picture


def shape(side, draw):
    """The opacity of what `draw` draws, antialiased."""
    large = Image.new("L", (2 * side, 2 * side))
    draw(ImageDraw.Draw(large))
    return np.asarray(large.resize((side, side), Image.Resampling.BOX), float) / 255


def done(picture, rng, noise=2.0):
    picture = picture + rng.normal(0, noise, picture.shape)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def as_jpeg(picture, quality):
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(BytesIO(file.getvalue())).convert("RGB")


def size(rng):
    return int(rng.integers(180, 420))


def pale(rng):
    return tuple(rng.uniform(150, 250, 3))


def plain(image, rng):
    return done(put(ground(size(rng)), image, rng, (0.3, 0.65)), rng)


def outline(image, rng, kind, nested=False, share=(0.3, 0.45)):
    n = size(rng)
    picture = put(ground(n), image, rng, share)
    width = int(max(4, 2 * n * lerp(rng, 0.008, 0.04)))
    colour = BLACK if rng.random() < 0.7 else tuple(rng.uniform(0, 130, 3))
    for reach in (0.62, 0.8)[: 1 + nested]:
        near, far = (int(2 * n * (0.5 + sign * reach / 2)) for sign in (-1, 1))
        box = (near, near + int(rng.integers(-9, 9)), far, far + int(rng.integers(-9, 9)))
        draw = {
            "frame": lambda d, b=box: d.rectangle(b, outline=255, width=width),
            "circle": lambda d, b=box: d.ellipse(b, outline=255, width=width),
            "rounded": lambda d, b=box: d.rounded_rectangle(b, n // 4, outline=255, width=width),
        }[kind]
        paint(picture, shape(n, draw), colour)
    return done(picture, rng)


def edge_frame(image, rng):
    """A dark border all around, as of a scanner or of a cell cut out too wide."""
    picture = put(ground(size(rng)), image, rng, (0.4, 0.55))
    k = int(len(picture) * lerp(rng, 0.02, 0.1))
    for side in (np.s_[:k], np.s_[-k:], np.s_[:, :k], np.s_[:, -k:]):
        picture[side] = BLACK
    return done(picture, rng)


def hand_drawn(image, rng):
    """A circle drawn by hand around a digit, not quite closed at times."""
    n = size(rng)
    turn = np.linspace(0, 2 * np.pi * lerp(rng, 0.98, 1.08), 80) + lerp(rng, 0, 6)
    reach = n * (0.36 + 0.02 * np.cumsum(rng.normal(0, 0.15, 80)).clip(-1, 1))
    points = [
        (n + 2 * r * np.cos(a), n + 2 * r * np.sin(a)) for a, r in zip(turn, reach, strict=True)
    ]
    pen = int(2 * n * lerp(rng, 0.012, 0.03))
    picture = put(ground(n), image, rng, (0.28, 0.4))
    paint(picture, shape(n, lambda d: d.line(points, 255, pen, "curve")), BLACK)
    return done(picture, rng)


def card(image, rng, table, paper, ink, frame=False):
    n = size(rng)
    picture = ground(n, table)
    half, turn = n * lerp(rng, 0.28, 0.4), np.radians(lerp(rng, -12, 12))
    corners = np.array([(-1, -1.1), (1, -1.1), (1, 1.1), (-1, 1.1)]) * half
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    flat = [tuple(2 * (n / 2 + corner)) for corner in corners @ spin]
    paint(picture, shape(n, lambda d: d.polygon(flat, 255)), paper)
    if frame:
        inner = [tuple(2 * (n / 2 + 0.86 * corner)) for corner in corners @ spin]
        rim = shape(n, lambda d: d.line([*inner, inner[0], inner[1]], 255, max(5, n // 30)))
        paint(picture, rim, ink)
    return done(put(picture, image, rng, (0.26, 0.36), ink), rng)


def light_card(image, rng):
    table = tuple(rng.uniform(20, 100, 3))
    return card(image, rng, table, tuple(rng.uniform(200, 252, 3)), BLACK)


def black_card(image, rng):
    return card(image, rng, WHITE, tuple(rng.uniform(5, 50, 3)), (245, 245, 240))


def card_in_frame(image, rng):
    return card(image, rng, tuple(rng.uniform(20, 90, 3)), WHITE, BLACK, frame=True)


def axes(image, rng):
    """matplotlib's picture of an image, with axes and ticks; every fourth without a number."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(lerp(rng, 3, 6.4), lerp(rng, 3, 4.8)), dpi=100)
    canvas, panel = FigureCanvasAgg(figure), figure.add_subplot()
    panel.imshow(image, cmap=str(rng.choice(["viridis", "gray", "gray_r", "Greys"])))
    if rng.random() < 0.3:
        panel.set_title("an image")
    if rng.random() < 0.3:
        panel.set_axis_off()
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def ramp(n, rng):
    angle = lerp(rng, 0, 2 * np.pi)
    rows, columns = np.mgrid[:n, :n] / n - 0.5
    return ((rows * np.sin(angle) + columns * np.cos(angle)) / 1.41 + 0.5)[..., None]


def coloured(image, rng):
    paper, n = rng.uniform(60, 250, 3), size(rng)
    light = paper @ (0.299, 0.587, 0.114) > 120
    ink = paper * 0.3 if light else paper + (255 - paper) * 0.75
    return done(put(ground(n, tuple(paper)), image, rng, colour=tuple(ink)), rng)


def gradient(image, rng):
    n = size(rng)
    one, other = (np.array(pale(rng)) for _ in range(2))
    mix = ramp(n, rng)
    return done(put(one * mix + other * (1 - mix), image, rng), rng)


def steep(image, rng):
    """Grey from black to white behind a digit in red or blue; or from middle to white, in black."""
    n = size(rng)
    mix = ramp(n, rng)
    picture = np.repeat(60 + 190 * mix, 3, axis=2)
    return done(put(picture, image, rng, colour=(5, 5, 5)), rng)


def stripes(image, rng):
    n = size(rng)
    rows, columns = np.mgrid[:n, :n]
    angle = float(rng.choice([0, np.pi / 2, lerp(rng, 0, np.pi)]))
    period = n * lerp(rng, 0.05, 0.2)
    wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) * 2 * np.pi / period)[..., None]
    one = rng.uniform(170, 250, 3)
    other = one * lerp(rng, 0.65, 0.9)
    picture = np.where(wave > 0, one, other)
    return done(put(picture, image, rng, (0.4, 0.6)), rng)


def weave(image, rng):
    """A digit on cloth or wood: noise that is smooth in one direction."""
    n = size(rng)
    noise = rng.normal(0, 1, (n, n))
    for axis, reach in ((0, 3), (1, int(rng.integers(3, 30)))):
        kernel = np.ones(reach) / reach
        noise = np.apply_along_axis(np.convolve, axis, noise, kernel, "same")
    paper = np.array(pale(rng))
    picture = paper + (noise / noise.std())[..., None] * lerp(rng, 4, 16)
    return done(put(picture, image, rng, (0.35, 0.55)), rng)


def rotated_scan(image, rng):
    page = done(put(ground(size(rng)), image, rng, (0.3, 0.45)), rng)
    fill = (0, 0, 0) if rng.random() < 0.7 else (90, 90, 90)
    turned = page.rotate(lerp(rng, 4, 14) * rng.choice([-1, 1]), expand=True, fillcolor=fill)
    return turned.resize((size(rng),) * 2)


def faint(image, rng):
    level = lerp(rng, 90, 230)
    ink = (level - lerp(rng, 12, 30),) * 3
    return done(put(ground(size(rng), (level,) * 3), image, rng, colour=ink), rng, 1.5)


def vignette(image, rng):
    picture = put(ground(size(rng)), image, rng, (0.25, 0.5))
    n = len(picture)
    rows, columns = np.mgrid[:n, :n] / n - 0.5
    light = 1 - lerp(rng, 0.8, 1.7) * (rows**2 + columns**2)
    return done(picture * light[..., None].clip(0.05, 1), rng)


def jpeg(image, rng):
    picture = put(ground(size(rng) // 2, pale(rng)), image, rng, (0.35, 0.6))
    return as_jpeg(done(picture, rng, 6), int(rng.integers(8, 25)))


def hand_at_edge(image, rng):
    """A finger, a pen or a shadowed thing that reaches in from a side."""
    n = size(rng)
    picture = put(ground(n), image, rng, (0.3, 0.42))
    angle, colour = lerp(rng, 0, 2 * np.pi), rng.uniform(40, 200, 3)
    way = np.array([np.cos(angle), np.sin(angle)])
    start, end = n + way * 1.6 * n, n + way * n * lerp(rng, 0.62, 0.8)
    width = int(2 * n * lerp(rng, 0.06, 0.25))

    def draw(d):
        d.line([tuple(start), tuple(end)], 255, width)
        d.circle(tuple(end), width / 2, 255)

    paint(picture, shape(n, draw), tuple(colour))
    return done(picture, rng)


def squared_at_angle(image, rng):
    n = size(rng)
    picture = ground(n)
    gap, colour = n / lerp(rng, 6, 16), (150, 170, 215) if rng.random() < 0.6 else (120,) * 3

    def grid(d):
        for place in np.arange(0, 2 * n, 2 * gap):
            d.line([(place, 0), (place, 2 * n)], 255, 3)
            d.line([(0, place), (2 * n, place)], 255, 3)

    paint(picture, shape(n, grid), colour)
    page = done(put(picture, image, rng, (0.18, 0.27)), rng)
    big = page.resize((2 * n, 2 * n)).rotate(lerp(rng, -20, 20), Image.Resampling.BICUBIC)
    shift = rng.uniform(-0.06, 0.06, (4, 2)) * n
    corners = np.array([(0.5, 0.5), (0.5, 1.5), (1.5, 1.5), (1.5, 0.5)]) * n + shift
    view = big.transform(
        (n, n), Image.Transform.QUAD, tuple(corners.ravel()), Image.Resampling.BICUBIC
    )
    return as_jpeg(view.filter(ImageFilter.GaussianBlur(0.7)), 85)


def page_shadow(image, rng):
    picture = put(ground(size(rng)), image, rng, (0.3, 0.5))
    mix = ramp(len(picture), rng) > lerp(rng, 0.35, 0.65)
    return done(picture * np.where(mix, 1, lerp(rng, 0.45, 0.75)), rng)


def with_other(image, rng, other, way):
    """Two digits as tall as each other: one of them is read, and the other said."""
    n = size(rng)
    picture = ground(n)
    side = int(n * lerp(rng, 0.3, 0.44))
    step = side * lerp(rng, 0.84, 1.05)
    for sign, each in ((-1, image), (1, other)):
        at = [int(n / 2 - side / 2 + sign * step * part / 2) for part in way]
        paint(picture, stamp(each, side), BLACK, at)
    return done(picture, rng)


def speck_inside(image, rng):
    """Specks of dirt on and around a digit, also in its loops."""
    picture = put(ground(size(rng)), image, rng, (0.4, 0.65))
    n = len(picture)
    for _ in range(8):
        r, (x, y) = n * lerp(rng, 0.003, 0.012) * 2, rng.uniform(0.6, 1.4, 2) * n
        paint(picture, shape(n, lambda d, x=x, y=y, r=r: d.circle((x, y), r, 255)), BLACK)
    return done(picture, rng)


KINDS = {
    "plain": plain,
    "frame": partial(outline, kind="frame"),
    "circle": partial(outline, kind="circle", share=(0.24, 0.36)),
    "rounded box": partial(outline, kind="rounded"),
    "two frames": partial(outline, kind="frame", nested=True),
    "frame at the edge": edge_frame,
    "circle by hand": hand_drawn,
    "light card": light_card,
    "black card": black_card,
    "card in a frame": card_in_frame,
    "axes": axes,
    "coloured ground": coloured,
    "gradient": gradient,
    "steep gradient": steep,
    "stripes": stripes,
    "cloth": weave,
    "rotated scan": rotated_scan,
    "very faint": faint,
    "vignette": vignette,
    "shadow": page_shadow,
    "JPEG noise": jpeg,
    "hand at the edge": hand_at_edge,
    "squared, at an angle": squared_at_angle,
    "specks": speck_inside,
    "touching its circle": partial(outline, kind="circle", share=(0.4, 0.5)),
}
"""one digit each: from (image, rng) to a picture"""
PAIRS = {
    "one above another": partial(with_other, way=(1, 0)),
    "diagonal": partial(with_other, way=(0.85, 0.7)),
    "side by side": partial(with_other, way=(0, 1)),
}
"""two digits each: from (image, rng, other) to a picture"""
