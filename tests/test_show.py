"""What the network sees, as text; and where normalised pictures go."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlp_cli.errors import OutputError, PictureError
from mlp_cli.images import SaveFolder, draw_reading, pictures_in, save_image
from mlp_cli.images.show import draw_bars, draw_image
from mlp_cli.system.outputs import writing


def test_two_rows_of_pixels_are_a_line_of_blocks():
    image = np.array([[0, 255, 0, 255], [0, 0, 255, 255]], np.uint8)
    assert draw_image(image, blocks=True) == [" ▀▄█"]


def test_an_odd_row_is_shown_too():
    image = np.array([[0], [0], [255]], np.uint8)
    assert draw_image(image, blocks=True) == [" ", "▀"]


def test_ascii_shows_how_light_two_pixels_are_together():
    image = np.array([[0, 255, 100], [0, 255, 155]], np.uint8)
    (line,) = draw_image(image, blocks=False)
    assert line.isascii()
    assert (line[0], line[1]) == (" ", "@")
    assert line[2] not in " @"


def test_bars_are_as_long_as_the_outputs():
    lines = draw_bars(np.array([0, 0.5, 1]), "012", blocks=False)
    assert [line.count("#") for line in lines] == [0, 10, 20]
    assert lines[1] == "1  ##########            0.500"


def test_an_output_that_is_not_a_number_has_no_bar():
    assert draw_bars(np.array([np.nan, 1]), "01", blocks=False)[0] == "0                        nan"


@pytest.mark.parametrize("rows", [2, 28])
def test_bars_stand_beside_the_image_all_of_them(rows):
    text = draw_reading(
        np.full((rows, 6), 255, np.uint8), np.linspace(0, 1, 10), "0123456789", blocks=True
    )
    assert [f"{d}  " in text for d in range(10)] == [True] * 10
    assert len(text.splitlines()) == max(10, rows // 2)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_folders_pictures_come_by_name_and_nothing_else_does():
    for name in ("b.PNG", "a.jpg", "c.txt", "d"):
        Path(name).touch()
    Path("e.png").mkdir()
    assert [path.name for path in pictures_in(Path()).pictures] == ["a.jpg", "b.PNG"]


def test_a_folder_without_pictures_is_refused():
    with pytest.raises(PictureError, match="no pictures in this folder"):
        pictures_in(Path())
    with pytest.raises(PictureError, match="cannot be listed"):
        pictures_in(Path("none"))


def test_every_picture_gets_a_file_of_its_own():
    folder = SaveFolder.make(Path("out"), ["out/3.png"])
    names = [folder.path_for(name).name for name in ("a/2.jpg", "b/2.png", "2.png", "3.png", "-")]
    assert names == ["2.png", "2-2.png", "2-3.png", "3-2.png", "-.png"]
    assert Path("out").is_dir()


def test_names_that_differ_in_capitals_get_different_files():
    folder = SaveFolder.make(Path(), ["X.PNG"])
    names = [folder.path_for(name).name for name in ("X.PNG", "a/y.jpg", "b/Y.jpg")]
    assert names == ["X-2.png", "y.png", "Y-2.png"]


def test_only_normalised_pictures_are_replaced():
    image = np.zeros((28, 28), np.uint8)
    Path("out").mkdir()
    with writing(Path("out/1.png")) as file:
        save_image(image, file)
    Image.fromarray(image).save("out/2.png")
    Path("out/3.png").symlink_to("1.png")
    Path("out/4.png").symlink_to("nowhere.png")
    folder = SaveFolder.make(Path("out"), [])
    names = [folder.path_for(f"{number}.jpg").name for number in range(1, 5)]
    assert names == ["1.png", "2-2.png", "3-2.png", "4-2.png"]


def test_a_folder_that_cannot_be_created_is_refused():
    Path("file").touch()
    with pytest.raises(OutputError, match="cannot be created as a folder"):
        SaveFolder.make(Path("file"), [])


def test_an_image_is_saved_completely_or_not_at_all():
    image = np.arange(784, dtype=np.uint8).reshape(28, 28)
    with writing(Path("a.png")) as file:
        save_image(image, file)
    np.testing.assert_array_equal(np.asarray(Image.open("a.png")), image)
    with (
        pytest.raises(OutputError, match="cannot be written"),
        writing(Path("none/a.png")) as file,
    ):
        save_image(image, file)
    assert [path.name for path in Path().iterdir()] == ["a.png"]
