"""Files that nobody should trust, made from whole ones: `python -m tests.hostile KIND SEED COUNT`.

Every case is read in a process whose memory and time are bounded. The answer must be success or
one of our errors; what is anything else is kept as `failed-KIND-SEED-NUMBER` in the current
folder, and the process ends with status 1. So it does where a case starts a program or opens a
connection.
"""

import gzip
import io
import json
import resource
import signal
import struct
import sys
import traceback
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from mlp_cli.commands.shared.all_digits import page_networks
from mlp_cli.datasets.idx import read_idx
from mlp_cli.errors import MlpError
from mlp_cli.exports.network_file import read_network
from mlp_cli.exports.nielsen import write_nielsen
from mlp_cli.images import find_digit, read_picture
from mlp_cli.images.several import find_digits
from mlp_cli.learning.arithmetic import read_arithmetic
from mlp_cli.runs import bundled
from mlp_cli.runs.presets import read_preset
from mlp_cli.runs.reading import load_checkpoint, read_facts
from tests import audit
from tests.hostile_bulk import ENCODINGS, make_bulky_json, make_bulky_npz
from tests.hostile_folders import answer, run_folder
from tests.hostile_names import run_names
from tests.hostile_pictures import make_odd_picture
from tests.hostile_sources import run_source
from tests.makers import draw_seven, idx_bytes, make_run, write_dataset

MEMORY = 1 << 30
"""bytes of address space beyond what the process has when it begins"""
GROWTH = 400 << 20
"""bytes by which the memory in use may grow"""
SECONDS = 60
"""for one case, on the slowest machine"""
FILE = Path("case")

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
VALUES = (
    *(None, True, False, 0, -1, 1, 1 << 31, 1 << 63, 10**400, -(10**30), 0.5, 1e308, -0.0),
    *(float("nan"), float("inf"), "", "x", "\0", "\ud800", "../../../escaped", "/escaped"),
    *("a" * 5000, "sigmoid", "synthetic", "float16", "float64", [], [[]], {}, [1], [-1], [0, 0]),
    *([6, 10**12, 3], [10**9, 10**9], [6, 5, 3], [1] * 5000, [True, False], {"": {"": []}}),
)


class SlowError(BaseException):
    """A case that takes longer than any should."""


def _choice(rng, values):
    return values[int(rng.integers(len(values)))]


def mutate(rng, whole):
    """Bits flipped, bytes and numbers written over, parts cut out, doubled or swapped."""
    data = bytearray(whole)
    for _ in range(int(rng.integers(1, 6))):
        if not data:
            break
        # Half the changes near the beginning, where headers are.
        end = len(data) if rng.random() < 0.5 else min(len(data), 64)
        at, length = int(rng.integers(end)), int(rng.integers(1, 65))
        kind = int(rng.integers(7))
        if kind == 0:
            data[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            data[at] = int(rng.integers(256))
        elif kind == 2:
            width, order = _choice(rng, (1, 2, 4, 8)), _choice(rng, ("big", "little"))
            number = _choice(rng, NUMBERS) % (1 << 8 * width)
            data[at : at + width] = number.to_bytes(width, order)
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            del data[at : at + length]
        elif kind == 5:
            data[at:at] = data[at : at + length]
        else:
            start = int(rng.integers(len(data)))
            data[at : at + length] = data[start : start + length]
    return bytes(data)


def make_idx(rng):
    """A whole file or a header of extremes, gzipped or not, one member or several."""
    if rng.random() < 0.5:
        kind = _choice(rng, ("u1", "i1", "i2", "i4", "f4", "f8"))
        shape = rng.integers(0, 5, int(rng.integers(0, 5)))
        data = idx_bytes(np.ones(shape, kind))
    else:
        rank = _choice(rng, (0, 1, 2, 3, 4, 32, 33, 64, 255))
        sizes = (_choice(rng, NUMBERS) for _ in range(rank))
        data = bytes([0, 0, _choice(rng, (8, 9, 11, 12, 13, 14, 0)), rank])
        data += b"".join(n.to_bytes(4, "big") for n in sizes) + bytes(int(rng.integers(64)))
    packing = int(rng.integers(4))
    if packing == 1:
        data = gzip.compress(data, 1)
    elif packing == 2:
        data = b"".join(gzip.compress(part, 1) for part in (data[:7], data[7:]))
    elif packing == 3:
        data = gzip.compress(mutate(rng, data), 1) + bytes(int(rng.integers(9)))
    return data if rng.random() < 0.3 else mutate(rng, data)


def _hostile_json(rng, value):
    """A JSON text of this value with some of its entries exchanged, or one of another kind."""
    value = dict(value)
    for _ in range(int(rng.integers(1, 3))):
        value[_choice(rng, [*value, "unknown"])] = _choice(rng, VALUES)
    text = json.dumps(value)
    kind = int(rng.integers(12))
    if kind == 0:
        text = "[" * 100_000
    elif kind == 1:
        text = text[:-1] + ', "sizes": ' + '{"a":' * 50_000
    elif kind == 2:
        text = text.replace("0.", "9" * 5000 + ".", 1)
    elif kind == 3:
        text = text.replace("1", "1" * 5000, 1)
    elif kind == 4:
        text = text.replace("1", "1e999", 1)
    elif kind == 5:
        text = text[:-1] + ", " + text[1:]
    return text


def _hostile_array(rng, array):
    if array.dtype.kind == "U":
        return _choice(rng, (array[None], np.array(b"{}"), np.zeros(3, "f4"), array.astype(">U9")))
    kind = int(rng.integers(12))
    if kind == 0:
        return array.astype(_choice(rng, (">f4", "f8", "f2", "i8", "c8", "U3", "S3", "?")))
    if kind == 1:
        return np.zeros(array.shape, [("a", "f4"), ("b", "U2")])
    if kind == 2:
        return np.full_like(array, _choice(rng, (np.nan, np.inf, -np.inf, 3e38, 1e-45)))
    if kind == 3:
        return array.T
    if kind == 4:
        return np.asfortranarray(array)
    if kind == 5:
        return array.reshape(-1)
    if kind == 6:
        return np.zeros((0, *array.shape), array.dtype)
    if kind == 7:
        return np.zeros((300, 300, 30), "f4")
    if kind == 8:
        return np.array("text")
    return array


HEADERS = (
    *("{}", "[]", "(" * 5000, "\\", "{'descr': (), 'fortran_order': False, 'shape': (3,)}"),
    "{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3L,)}",
    "{'descr': '<f4', 'fortran_order': 7, 'shape': (4294967296, 4294967296, 4294967296)}",
    "{'descr': '<V2147483647', 'fortran_order': False, 'shape': (9,)}",
    "{'descr': [('a', '<f4', (1000000000,))], 'fortran_order': False, 'shape': (9,)}",
    "{'descr': 'a5', 'fortran_order': True, 'shape': (3,)}",
)
NAMES = ("../../escaped.npy", "/escaped.npy", "W99.npy", "meta", "resume/W2.npy", "b2.npy")


def make_npz(rng):
    """A checkpoint with other values, arrays, headers, members and packings than it should have."""
    source = io.BytesIO(CHECKPOINTS[int(rng.integers(len(CHECKPOINTS)))])
    with np.load(source) as archive:
        arrays = dict(archive)
    kind = int(rng.integers(6))
    if kind == 0:
        return mutate(rng, source.getvalue())
    if kind in (1, 2):
        arrays["meta"] = np.array(_hostile_json(rng, json.loads(arrays["meta"].item())))
    if kind in (2, 3):
        name = _choice(rng, list(arrays))
        arrays[name] = _hostile_array(rng, arrays[name])
    if kind == 4 and "resume/shuffle" in arrays:
        state = json.loads(arrays["resume/shuffle"].item())
        inner = _choice(rng, (state, state["state"]))
        inner[_choice(rng, list(inner))] = _choice(rng, VALUES)
        arrays["resume/shuffle"] = np.array(json.dumps(state))
    if rng.random() < 0.1:
        del arrays[_choice(rng, list(arrays))]
    target, packing = io.BytesIO(), _choice(rng, (0, 0, 8, 12, 14))
    with zipfile.ZipFile(target, "w", packing) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array)
            data = content.getvalue()
            if kind == 5 and rng.random() < 0.3:
                data = mutate(rng, data)
            if rng.random() < 0.01:
                header = _choice(rng, HEADERS).encode()
                data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(12)
            archive.writestr(f"{name}.npy", data)
        if rng.random() < 0.2:
            for name in {_choice(rng, NAMES) for _ in range(3)} - set(archive.namelist()):
                archive.writestr(name, bytes(int(rng.integers(100_000))))
        if rng.random() < 0.01:
            for number in range(3000):
                archive.writestr(f"{number}.npy", b"")
    return _forge(rng, target.getvalue()) if rng.random() < 0.3 else target.getvalue()


def _forge(rng, whole):
    """A zip file whose directory lies about packing, sum, size or encryption of a member."""
    data, entry = bytearray(whole), 0
    for _ in range(int(rng.integers(1, 6))):
        entry = max(whole.find(b"PK\x01\x02", entry + 1), whole.find(b"PK\x01\x02"))
    # Flags 8, packing 10, sum 16, packed size 20, size 24, length of the name 28, extra 30, at 42.
    at, width = _choice(
        rng, ((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4))
    )
    number = _choice(rng, (*NUMBERS, 8, 9, 12, 14, 99, 1 << 20)) % (1 << 8 * width)
    data[entry + at : entry + at + width] = number.to_bytes(width, "little")
    return bytes(data)


def make_toml(rng):
    """A preset whose keys and values are something else, or bytes that are no TOML."""
    keys = ("epochs", "eta", "hidden", "dataset", "schedule", "seed", "unknown", "data_dir", "a.b")
    values = (
        *("1", "-1", "0.5", "nan", "-inf", "1e999", "9" * 30, "9" * 5000, "0x" + "f" * 5000),
        *("true", "'x'", '"\\u0000"', "'/escaped'", "[]", "[1, 2]", "[[1]]", "[1, 'a']", "[-1]"),
        *("1979-05-27T07:32:00Z", "25:61:00", "{}", "{a = 1}", "[" * 5000, "{a=" * 2000, '"""'),
        *('"\\ud800"', "[9223372036854775808]", "10" + "0" * 400, "'" + "a" * 9000 + "'"),
    )
    lines = [f"{_choice(rng, keys)} = {_choice(rng, values)}" for _ in range(rng.integers(1, 3))]
    if rng.random() < 0.1:
        lines.append(_choice(rng, ("[train]\nx = 1", "[[train]]", "[" + "a." * 3000 + "b]")))
    data = "\n".join(lines).encode()
    kind = int(rng.integers(8))
    if kind < 2:
        text = data.decode().replace("\n", _choice(rng, ("\n", "\r\n", "\r")))
        data = text.encode(_choice(rng, ENCODINGS))
    elif kind < 5:
        data = mutate(rng, data if rng.random() < 0.5 else PRESET)
    return data


def make_picture(rng):
    """A picture of some format and mode, damaged, mostly."""
    whole = _choice(rng, PICTURES)
    return whole if rng.random() < 0.02 else mutate(rng, whole)


def make_nielsen(rng):
    """The book's JSON with other values, or damaged."""
    if rng.random() < 0.5:
        return mutate(rng, NIELSEN)
    text = _hostile_json(rng, json.loads(NIELSEN))
    return text.encode("utf-8" if text.isascii() else "utf-16")


def _pictures():
    made = []
    for mode, kind in [
        *(("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("I;16", "PNG"), ("RGBA", "PNG"), ("P", "GIF")),
        *(("RGB", "JPEG"), ("CMYK", "JPEG"), ("L", "BMP"), ("RGB", "WEBP"), ("L", "PPM")),
        *(("F", "TIFF"), ("CMYK", "TIFF"), ("I;16", "TIFF"), ("L", "ICO"), ("RGB", "TGA")),
    ]:
        picture = draw_seven("L", size=(48, 40), at=(8, 4), scale=0.3)
        file = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6
        more = {"exif": exif} if kind in ("PNG", "JPEG", "WEBP") else {}
        picture.convert(mode).save(file, kind, **more)
        made.append(file.getvalue())
    file = io.BytesIO()
    frames = [Image.new("L", (20, 20), level) for level in (0, 99, 255)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    made.append(file.getvalue())
    huge = bytearray(made[0])
    huge[16:24] = struct.pack(">II", 30_000, 30_000)
    made += [bytes(huge), b"%PDF-1.7\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
    return made


def _saved(write):
    write(FILE)
    return FILE.read_bytes()


def _nielsen(run):
    file = io.BytesIO()
    write_nielsen(run, file)
    return file.getvalue()


def _read_npz(path):
    load_checkpoint(path)
    read_facts(path)


COMMANDS = (
    ("npz", "evaluate --checkpoint case --data-dir data --dataset mnist"),
    ("npz", "evaluate --checkpoint case"),
    ("npz", "predict seven.png --checkpoint case --top 3 --show"),
    ("npz", "inspect --checkpoint case --json"),
    ("npz", "inspect --checkpoint case"),
    ("npz", "report --checkpoint case -o written.html"),
    ("npz", "explain seven.png --checkpoint case"),
    ("npz", "export --checkpoint case --format small -o written.npz"),
    ("npz", "export --checkpoint case --format csv -o written.csv"),
    ("npz", "export --checkpoint case --format nielsen -o written.json"),
    ("npz", "train --resume --checkpoint case --print-config"),
    ("toml", "train --config case --print-config"),
    ("picture", "predict case --raw"),
    ("picture", "predict case --json"),
    ("picture", "predict case --all --json"),
    ("picture", "predict case --all --show --save-boxes written.png"),
    ("odd-picture", "predict case --all --show"),
    ("npz", "predict seven.png --checkpoint case --all --json"),
    ("picture", "explain case"),
    ("nielsen", "import case --checkpoint written.npz"),
)
WRITTEN = {f"written.{ending}" for ending in ("html", "npz", "csv", "json", "png")}


def run_command(rng):
    """Run a whole command on a hostile file, and look at its answer and at what it wrote."""
    kind, command = _choice(rng, COMMANDS)
    FILE.write_bytes(MAKERS[kind](rng))
    Path("data/mnist").mkdir(parents=True, exist_ok=True)
    if not Path("seven.png").exists():
        write_dataset(Path("data/mnist"))
        draw_seven().save("seven.png")
    before = tree()
    answer(command.split())
    assert tree() - before <= WRITTEN, (command, tree() - before)
    for name in WRITTEN:
        Path(name).unlink(missing_ok=True)


def tree():
    """Every path below this folder and beside it."""
    return {str(path.relative_to(".")) for path in Path().rglob("*")} | {
        str(path) for path in Path("..").glob("*escaped*")
    }


READERS = {
    "idx": read_idx,
    "npz": _read_npz,
    "toml": lambda path: read_preset(path, {"data_dir"}),
    "picture": lambda path: find_digit(read_picture(path)),
    "odd-picture": lambda path: find_digit(read_picture(path)),
    "page": lambda path: find_digits(read_picture(path), (28, 28), READER.outputs, NETWORKS),
    "nielsen": read_network,
    "bulky-npz": _read_npz,
    "bulky-json": read_network,
}
MAKERS = {
    "idx": make_idx,
    "npz": make_npz,
    "toml": make_toml,
    "picture": make_picture,
    "odd-picture": make_odd_picture,
    "page": lambda rng: _choice(rng, (make_picture, make_odd_picture))(rng),
    "nielsen": make_nielsen,
    "bulky-npz": make_bulky_npz,
    "bulky-json": make_bulky_json,
}


def main(kind, seed, count):
    """Read so many cases, and return how many were not answered as they should be."""
    failures = accepted = 0
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        signal.alarm(SECONDS)
        try:
            if kind == "command":
                run_command(rng)
            elif kind == "folder":
                run_folder(rng)
            elif kind == "name":
                run_names(rng)
            elif kind == "source":
                run_source(rng)
            else:
                FILE.write_bytes(MAKERS[kind](rng))
                READERS[kind](FILE)
            accepted += 1
        except MlpError:
            pass
        except BaseException:  # whatever it is, it is what is looked for
            failures += 1
            if FILE.exists():  # a name or a folder is kept by its numbers alone
                FILE.replace(f"failed-{kind}-{seed}-{number}")
            print(f"{kind} {seed} {number}", file=sys.stderr)  # noqa: T201
            traceback.print_exc()
        signal.alarm(0)
    print(f"{kind}: {count} cases, {accepted} accepted, {failures} failed")  # noqa: T201
    return failures


def _too_slow(*_):
    raise SlowError


def _limit_memory():
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    RUN, READER = make_run(), load_checkpoint(bundled.PATH)
    NETWORKS = page_networks()
    CHECKPOINTS = [
        _saved(RUN.save),
        _saved(make_run(momentum=0.9, image_shape=(8, 8), sizes=(64, 10)).save),
    ]
    NIELSEN = _nielsen(RUN)
    PRESET = b"# a preset\nhidden = [30, 20]\nepochs = 3\neta = 0.5\ncost = 'cross-entropy'\n"
    PICTURES = _pictures()
    signal.signal(signal.SIGALRM, _too_slow)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _limit_memory()
    read_arithmetic()  # threadpoolctl opens NumPy's own library once
    audit.watch()
    failed = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) << 10
    print(f"memory in use grew by {grown >> 20} MiB")  # noqa: T201
    print(f"{len(audit.escapes)} programs or connections were asked for")  # noqa: T201
    sys.exit(failed > 0 or grown > GROWTH or bool(audit.escapes))
