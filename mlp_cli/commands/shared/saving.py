"""The PNG files that `mlp predict` saves of the pictures that it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlp_cli.commands.shared.all_digits import PageReading
from mlp_cli.commands.shared.picture_names import STDIN, PathFor, choose_paths, in_folder
from mlp_cli.commands.shared.readings import Reading
from mlp_cli.datasets.class_names import ClassNames


@dataclass(frozen=True)
class Saving:
    """Where something of each picture is saved; None for what nobody asked for."""

    normalised: PathFor | None
    boxes: PathFor | None

    @classmethod
    def check(
        cls,
        images: Sequence[str],
        names: Sequence[str],
        normalised: Path | None,
        boxes: Path | None,
        *,
        all_digits: bool,
    ) -> "Saving":
        """Return where to save, the folders made.

        images: the arguments.  names: the pictures that they stand for.
        Raises OutputError where nothing can be written.
        """
        from mlp_cli.images.folder import BOXES, NORMALISED

        one = boxed = None
        if normalised is not None:
            one = (
                in_folder(normalised, names, NORMALISED)
                if all_digits  # of one picture, too, there are several
                else choose_paths("--save-normalised", normalised, images, names, NORMALISED)
            )
        if boxes is not None:
            boxed = choose_paths("--save-boxes", boxes, images, names, BOXES)
        return cls(one, boxed)

    def save(self, reading: Reading | PageReading, classes: ClassNames) -> None:
        """Save what was asked for of a picture that was read.

        The digits of a page are numbered in reading order: page-01.png, page-02.png, ...
        Raises OutputError where a file cannot be written.
        """
        from mlp_cli.images.folder import BOXES, NORMALISED, save_image
        from mlp_cli.system.outputs import writing

        if isinstance(reading, Reading):
            if self.normalised is not None:
                with writing(self.normalised(reading.name)) as file:
                    save_image(reading.digit.image, file, NORMALISED)
            return
        if self.normalised is not None:
            stem = "stdin" if reading.name == STDIN else Path(reading.name).stem
            digits = len(str(len(reading.placed)))
            for number, placed in enumerate(reading.placed, start=1):
                with writing(self.normalised(f"{stem}-{number:0{digits}}.png")) as file:
                    save_image(placed.digit.image, file, NORMALISED)
        if self.boxes is not None:
            from mlp_cli.images.boxes import draw_boxes

            drawn = draw_boxes(reading.picture.grey, reading.labelled_boxes(classes))
            with writing(self.boxes(reading.name)) as file:
                save_image(drawn, file, BOXES)
