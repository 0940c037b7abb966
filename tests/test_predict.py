"""mlp predict: which pictures, what is printed, what is saved."""

import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

from mlp_cli.commands.shared.group import mlp
from mlp_cli.commands.shared.readings import Reading, Unread, read_pictures
from mlp_cli.errors import PictureError
from mlp_cli.images import Digit, normalise, read_picture
from tests.makers import draw_seven, make_run

pytestmark = pytest.mark.alike

CHECKPOINT = Path("net.npz")


@pytest.fixture
def network():
    """A network that has learned nothing, which is enough to know what it was given."""
    run = make_run(image_shape=(28, 28), sizes=(784, 5, 10))
    run.save(CHECKPOINT)
    return run.network


@pytest.fixture
def predict(network):
    def predict(*arguments, status=0, **options):
        words = ["predict", "--checkpoint", str(CHECKPOINT), *arguments]
        done = CliRunner().invoke(mlp, words, prog_name="mlp", **options)
        assert done.exit_code == status, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

    return predict


def save(name, **options):
    draw_seven(**options).save(name)
    return normalise(read_picture(Path(name)))


def png(**options):
    data = io.BytesIO()
    draw_seven(**options).save(data, "PNG")
    return data.getvalue()


def documents(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_folder_stands_for_its_pictures_by_name(predict):
    Path("seven").mkdir()
    for name in ("b.png", "a.png", "c.jpg"):
        save(f"seven/{name}")
    Path("seven/notes.txt").write_text("no picture")
    lines = predict("seven").stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["seven/a.png", "seven/b.png", "seven/c.jpg"]


def test_a_folder_without_pictures_is_reported_and_the_others_are_read(predict):
    Path("empty").mkdir()
    save("a.png")
    done = predict("empty", "a.png", status=1)
    assert "Error: empty: no pictures in this folder" in done.stderr
    assert done.stdout.startswith("a.png: ")


def test_standard_input_is_read_as_a_picture(predict, network):
    save("a.png")
    (piped,) = documents(predict("--json", "-", input=png()))
    (named,) = documents(predict("--json", "a.png"))
    assert piped == named | {"image": "-"}
    assert predict("-", input=png()).stdout.startswith("standard input: ")


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_standard_input_without_a_picture_is_reported(predict, data):
    done = predict("-", status=1, input=data)
    assert "Error: standard input: not a picture" in done.stderr
    assert done.stdout == ""


def test_a_closed_standard_input_is_reported(network):
    words = shlex.join([sys.executable, "-m", "mlp_cli", "predict", "-", "--checkpoint", "net.npz"])
    done = subprocess.run(["sh", "-c", f"{words} <&-"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Error: standard input: closed" in done.stderr


def test_a_picture_that_cannot_be_read_does_not_stop_the_others(predict):
    names = [f"{number}.png" for number in range(5)]
    for name in names:
        save(name)
    Path("3.png").write_text("no picture")
    done = predict("--json", *names, status=1)
    assert "Error: 3.png: not a picture" in done.stderr
    assert [document["image"] for document in documents(done)] == [*names[:3], names[4]]


def outputs_of(network):
    """What a committee of this one network puts out."""
    return lambda images: [network.outputs(images)]


def seven_pictures():
    """Their names, and a function that reads each as an image of its own."""
    rng = np.random.default_rng(0)
    images = {f"{n}.png": rng.integers(0, 256, (28, 28), np.uint8) for n in range(7)}
    return list(images), lambda name: Digit(images[name])


def test_batches_change_nothing_and_keep_the_order(network):
    names, read = seven_pictures()
    together = list(read_pictures(names, read, outputs_of(network)))
    in_threes = list(read_pictures(names, read, outputs_of(network), at_once=3))
    assert [reading.name for reading in together] == names
    for one, other in zip(in_threes, together, strict=True):
        assert one.name == other.name
        assert one.outputs == pytest.approx(other.outputs, rel=1e-5)


def test_a_batch_without_any_picture_is_passed_over(network):
    def read(name):
        if name == "a.png":
            return Digit(np.zeros((28, 28), np.uint8))
        raise PictureError("no such file")

    *unread, last = read_pictures(["x.png", "y.png", "a.png"], read, outputs_of(network), at_once=2)
    assert unread == [Unread("x.png", "no such file"), Unread("y.png", "no such file")]
    assert (type(last), last.name) == (Reading, "a.png")


def test_no_more_than_a_batch_is_in_memory(network):
    """Each call of the network sees a batch, and the next batch is read after it."""
    seen = []
    names, read = seven_pictures()
    readings = read_pictures(
        names[:5],
        lambda name: seen.append("read") or read(name),
        lambda images: seen.append(len(images)) or [network.outputs(images)],
        at_once=2,
    )
    assert len(list(readings)) == 5
    assert seen == ["read", "read", 2, "read", "read", 2, "read", 1]


def save_letter(name):
    picture = Image.new("L", (200, 200), 255)
    draw = ImageDraw.Draw(picture)
    draw.line([(50, 170), (100, 30), (150, 170)], fill=0, width=12)
    draw.line([(70, 120), (130, 120)], fill=0, width=12)
    picture.save(name)


def test_what_is_hardly_a_digit_is_doubted(predict):
    save("7.png")
    save_letter("A.png")
    done = predict("7.png", "A.png")
    assert "A.png: perhaps no digit.\n" in done.stderr
    assert "7.png: perhaps no digit" not in done.stderr
    of_seven, of_letter = documents(predict("7.png", "A.png", "--json"))
    assert "perhaps no digit" in of_letter["warnings"]
    assert "perhaps no digit" not in of_seven["warnings"]


def test_a_small_picture_is_doubted_with_all_too(predict):
    save_letter("A.png")
    Image.open("A.png").resize((36, 36)).save("small.png")
    (digit,) = documents(predict("small.png", "--all", "--json"))[0]["digits"]
    assert "perhaps no digit" in digit["warnings"]


def test_a_network_of_letters_may_read_letters(predict):
    names = tuple("ABCDEFGHIJ")
    make_run(image_shape=(28, 28), sizes=(784, 5, 10), class_names=names).save(CHECKPOINT)
    save_letter("A.png")
    assert "perhaps no digit" not in predict("A.png").stderr


def test_warnings_are_on_stderr_or_in_the_document(predict):
    save("cut.png", at=(60, -30))
    words = "at the picture's edge, perhaps cut off"
    done = predict("cut.png")
    assert f"cut.png: {words}.\n" in done.stderr
    assert words not in done.stdout
    assert words not in predict("-q", "cut.png").stderr
    (document,) = documents(predict("--json", "cut.png"))
    assert words in document["warnings"]
    (digit,) = documents(predict("--all", "--json", "cut.png"))[0]["digits"]
    assert [each for each in digit["warnings"] if "edge" in each] == [words]
    assert list(document) == [*("image", "prediction", "name", "confidence", "outputs", "warnings")]


@pytest.mark.parametrize(("bias", "unsure"), [(-10, True), (10, False)])
def test_an_unsure_network_is_a_warning(predict, bias, unsure):
    run = make_run(image_shape=(28, 28), sizes=(784, 5, 10))
    run.network.biases[-1][:] = bias
    run.save(CHECKPOINT)
    save("a.png")
    assert ("no output reaches one half" in predict("a.png").stderr) == unsure


def test_outputs_that_are_not_numbers_are_a_warning_and_null(predict):
    run = make_run(image_shape=(28, 28), sizes=(784, 5, 10), activation="relu")
    run.network.weights[0][:] = 3e38
    run.network.weights[1][:] = [3e38, -3e38, 3e38, -3e38, 3e38]
    run.save(CHECKPOINT)
    save("a.png")
    words = "the outputs are not numbers, as the network's parameters are too large"
    done = predict("--show", "a.png")
    assert f"a.png: {words}.\n" in done.stderr
    assert done.stdout.count("nan") == 3 + 10
    (document,) = documents(predict("--json", "a.png"))
    assert (document["outputs"], document["confidence"]) == ([None] * 10, None)
    assert document["warnings"] == [words]


def test_show_prints_what_the_network_sees_and_the_outputs(predict, network):
    image = save("a.png")
    lines = predict("--show", "a.png").stdout.splitlines()
    assert len(lines) == 1 + 14
    lit = sum(
        line[:28].count("▀") + line[:28].count("▄") + 2 * line[:28].count("█") for line in lines[1:]
    )
    assert lit == (image > 96).sum()
    outputs = network.outputs(image[None])[0]
    assert lines[3].endswith(f"{outputs[0]:.3f}")


def test_show_is_ascii_where_the_terminal_knows_no_more(predict):
    save("a.png")
    done = CliRunner(charset="ascii").invoke(
        mlp, ["predict", "--checkpoint", str(CHECKPOINT), "--show", "a.png"]
    )
    assert done.exit_code == 0
    assert done.stdout.isascii()
    assert "@" in done.stdout


def test_a_name_that_stdouts_encoding_lacks_is_printed_with_question_marks(predict):
    save("数é.png")
    words = ["predict", "--checkpoint", str(CHECKPOINT), "数é.png"]
    done = CliRunner(charset="cp1252").invoke(mlp, words)
    assert done.exit_code == 0
    assert done.stdout.startswith("?é.png: ")
    done = CliRunner(charset="cp1252").invoke(mlp, [*words, "--json"])
    assert json.loads(done.stdout)["image"] == "数é.png"


def test_show_and_json_exclude_each_other(predict):
    assert "Give only one of them" in predict("--show", "--json", "a.png", status=2).stderr


def test_the_normalised_picture_is_saved_and_read_the_same_again(predict):
    image = save("a.png")
    first = predict("a.png", "--save-normalised", "seen.png").stdout
    np.testing.assert_array_equal(np.asarray(Image.open("seen.png")), image)
    assert predict("--raw", "seen.png").stdout == first.replace("a.png", "seen.png")


def test_several_normalised_pictures_go_to_a_folder(predict):
    Path("in").mkdir()
    for name in ("in/a.png", "in/a.jpg", "b.png"):
        save(name)
    predict("in", "b.png", "--save-normalised", "seen")
    assert sorted(path.name for path in Path("seen").iterdir()) == ["a-2.png", "a.png", "b.png"]
    predict("in", "--save-normalised", "more")
    assert len(list(Path("more").iterdir())) == 2


def test_a_picture_is_never_replaced_by_its_normalised_form(predict):
    save("a.png")
    Path("in").mkdir()
    save("in/a.png")
    before = Path("a.png").read_bytes()
    done = predict("a.png", "--save-normalised", "a.png", status=1)
    assert "the picture that is read, expected another name" in done.stderr
    predict("in", "--save-normalised", "in")
    assert Path("a.png").read_bytes() == Path("in/a.png").read_bytes() == before
    assert Path("in/a-2.png").exists()


def test_a_place_that_cannot_be_written_is_an_error(predict):
    save("a.png")
    done = predict("a.png", "--save-normalised", "none/seen.png", status=1)
    assert "Error: none/seen.png: cannot be written" in done.stderr


@pytest.mark.parametrize("name", ["run.npz", "pipe", "loop.png"])
def test_save_normalised_replaces_no_checkpoint_pipe_or_loop(predict, name):
    save("a.png")
    make_run().save(Path("run.npz"))
    os.mkfifo("pipe")
    Path("loop.png").symlink_to("loop.png")
    before = os.lstat(name)
    done = predict("a.png", "--save-normalised", name, status=1)
    assert done.stderr.startswith(f"Error: {name}: ")
    assert os.lstat(name) == before


def test_pictures_that_were_not_saved_here_stay_as_they_are(predict):
    Path("in").mkdir()
    for name in ("in/1.png", "in/2.jpg", "in/2.png", "in/A.png"):
        save(name)
    before = {path: path.read_bytes() for path in Path("in").iterdir()}
    made = {"in/1-2.png", "in/2-2.png"}
    for _ in range(2):  # what was made is made anew, under its name
        predict("in/2.jpg", "in/1.png", "--save-normalised", "in")
        assert {str(path) for path in Path("in").iterdir()} == {*map(str, before), *made}
        assert {path: path.read_bytes() for path in before} == before


def test_a_picture_from_a_pipe_replaces_the_saved_one(predict):
    for picture in (png(), png(at=(50, 40), scale=0.5), png(ink=255, ground=0)):
        predict("-", "--save-normalised", "seen.png", input=picture)
        expected = normalise(read_picture(io.BytesIO(picture)))
        np.testing.assert_array_equal(np.asarray(Image.open("seen.png")), expected)


def test_a_missing_picture_is_reported_even_if_the_output_exists(predict):
    save("seen.png")
    done = predict("none.png", "--save-normalised", "seen.png", status=1)
    assert "Error: none.png: no such file" in done.stderr


def test_a_loop_of_links_among_several_pictures_is_reported(predict):
    save("a.png")
    Path("loop.png").symlink_to("loop.png")
    done = predict("loop.png", "a.png", "--save-normalised", "seen", status=1)
    assert "Error: loop.png: cannot be read (Too many levels of symbolic links)" in done.stderr
    assert Path("seen/a.png").exists()


def test_a_folder_without_permission_is_reported(predict, unprivileged):
    save("a.png")
    predict("a.png")  # loads what there is to load while root may
    Path("closed").mkdir(mode=0)
    with unprivileged():
        read = predict("closed/a.png", "a.png", status=1)
        saved = predict("a.png", "--save-normalised", "closed/seen.png", status=1)
    assert "Error: closed/a.png: cannot be read (Permission denied)" in read.stderr
    assert read.stdout.startswith("a.png: ")
    assert "Error: closed/seen.png: cannot be written (Permission denied)" in saved.stderr


def test_a_name_that_is_too_long_is_reported(predict):
    assert "cannot be read (File name too long)" in predict("x" * 300, status=1).stderr


def test_a_name_does_not_command_the_terminal(predict):
    done = predict("\x1b[31mx.png", status=1)
    assert "Error: ?[31mx.png: no such file" in done.stderr


HOSTILE = {
    "huge.png": lambda: Image.new("1", (30_000, 30_000)),
    "long.png": lambda: Image.new("L", (20_000, 1), 9),
    "deep.png": lambda: Image.fromarray(np.asarray(draw_seven()).astype(np.uint16) * 257),
    "cmyk.tiff": lambda: draw_seven("RGB", (0, 0, 0), (255,) * 3).convert("CMYK"),
    "palette.gif": lambda: draw_seven().convert("P"),
    "lab.tiff": lambda: Image.new("LAB", (50, 50)),
    "pixel.png": lambda: Image.new("RGBA", (1, 1), (0, 0, 0, 0)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_odd_pictures_are_read_or_refused_in_our_words(predict, name):
    HOSTILE[name]().save(name)
    done = CliRunner().invoke(mlp, ["predict", "--checkpoint", str(CHECKPOINT), name])
    assert done.exit_code in (0, 1)
    assert isinstance(done.exception, SystemExit | None)
    assert done.stdout if done.exit_code == 0 else done.stderr.startswith(f"Error: {name}: ")


def test_an_animation_is_read_by_its_first_picture(predict):
    draw_seven().save("moving.gif", save_all=True, append_images=[Image.new("L", (200, 200))])
    draw_seven().save("still.gif")
    one, other = documents(predict("--json", "moving.gif", "still.gif"))
    assert one["outputs"] == other["outputs"]
