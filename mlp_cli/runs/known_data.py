"""The data of a run, known by their content, wherever their folder is and however it is spelled."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlp_cli.datasets.catalogue import find_source
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.datasets.loading import Dataset
from mlp_cli.datasets.own.folder import OwnFolder
from mlp_cli.datasets.source import DEFAULT_DATA_DIR, Source
from mlp_cli.errors import DataError
from mlp_cli.runs.naming import in_terms_of, names_of
from mlp_cli.runs.settings import Settings


class KnownData(NamedTuple):
    """A dataset for a run's network, and whether the run was trained on it."""

    dataset: Dataset
    name: str
    """of the dataset, or of its folder"""
    is_the_runs: bool
    """whether these are the arrays that the run was trained on"""
    is_elsewhere: bool = False
    """whether they are neither where somebody said, nor where the run found them"""
    as_found: Dataset | None = None
    """the data with their own labels, if `dataset` has those of a run's outputs"""

    def seen_by(self, settings: Settings) -> "KnownData":
        """Return the same data as found for another run, which may have been trained on them."""
        is_the_runs = _is_the_runs(settings, self.as_found or self.dataset, self.name)
        return self._replace(is_the_runs=is_the_runs)

    def in_terms_of(self, settings: Settings) -> "KnownData":
        """Return the data with the labels of a run's outputs, where both have names of classes.

        Raises DataError where the network has no class of a name.
        """
        dataset = self.dataset if self.is_the_runs else in_terms_of(settings, self.dataset)
        return (
            self
            if dataset is self.dataset
            else self._replace(dataset=dataset, as_found=self.dataset)
        )

    def classes(self, settings: Settings) -> ClassNames:
        """Return what a run's classes are called; by the data, where only they have names."""
        ours = names_of(settings)
        return ours if ours.names or self.as_found else ClassNames(self.dataset.class_names)


class Place(NamedTuple):
    """A dataset to look for, and the data folder to look in."""

    source: Source
    data_dir: Path

    @property
    def key(self) -> tuple[str, str]:
        """The same for two spellings of a place."""
        if isinstance(self.source, OwnFolder):
            return "", os.path.realpath(self.source.path)
        return self.source.name, os.path.realpath(self.data_dir)

    def load(self) -> Dataset | None:
        """Return the arrays, or None where the files are not there."""
        if not self.source.is_there(self.data_dir):
            return None
        return self.source.load(self.data_dir)


def find_data(
    settings: Settings, checkpoint: Path, dataset: str | None = None, data_dir: Path | None = None
) -> KnownData:
    """Return the data that somebody named, or else the run's own, wherever they are now.

    The fingerprint tells the run's data: of all places, the first that holds its arrays is taken.
    The places are what was named; where the run found its data; the default data folder; and the
    folder of the checkpoint with the folder above it. Where no place has the run's arrays, other
    data are taken, if they are what was named or lie where the run found its own.

    checkpoint: the run's file.  dataset, data_dir: what somebody named; None: nothing.
    Raises DataError where there are no data, or where those that were named are damaged.
    """
    source, wanted = find_source(dataset or settings.dataset), settings.fingerprint
    recorded = [Path(settings.data_dir), DEFAULT_DATA_DIR]
    named = [Place(source, each) for each in ([data_dir] if data_dir else recorded)]
    first: Dataset | None = None
    fault: DataError | None = None
    for place in _distinct(named):
        try:
            found = place.load()
        except DataError as error:
            fault = fault or error
            continue
        if found and (not wanted or found.fingerprint() == wanted):
            is_the_runs = bool(wanted) or source.name == settings.dataset
            return KnownData(found, source.name, is_the_runs)
        first = first or found
    # A data folder means nothing to a folder of one's own, which may be in it all the same.
    is_decided = data_dir and not isinstance(source, OwnFolder) and (first or fault)
    if wanted and dataset is None and not is_decided:
        others = [Place(source, each) for each in recorded]
        others += [place for each in (data_dir, *recorded) if each for place in _in(each, settings)]
        for place in _distinct([*others, *_beside(checkpoint, settings)]):
            with suppress(DataError):
                found = place.load()
                if found and found.fingerprint() == wanted:
                    return KnownData(found, source.name, is_the_runs=True, is_elsewhere=True)
    if fault:
        raise fault
    # Where there is nothing, this says so; or it draws what can be drawn.
    found = first or source.load(named[-1].data_dir)
    return KnownData(found, source.name, _is_the_runs(settings, found, source.name))


def _is_the_runs(settings: Settings, dataset: Dataset, name: str) -> bool:
    """Return whether a run was trained on this dataset of this name."""
    wanted = settings.fingerprint
    return dataset.fingerprint() == wanted if wanted else name == settings.dataset


def _distinct(places: Iterable[Place]) -> Iterable[Place]:
    """Return the places without a second spelling of one."""
    distinct: dict[tuple[str, str], Place] = {}
    for place in places:
        distinct.setdefault(place.key, place)
    return distinct.values()


def _in(data_dir: Path, settings: Settings) -> Iterator[Place]:
    """Yield where the run's data may be in a folder that does not have them by their name."""
    for name in _names(settings):
        yield Place(OwnFolder(name=str(data_dir / name)), data_dir)
    yield Place(OwnFolder(name=str(data_dir)), data_dir)


def _beside(checkpoint: Path, settings: Settings) -> Iterator[Place]:
    """Yield where the run's data may be in the checkpoint's folder and in the one above it."""
    source, recorded = find_source(settings.dataset), _from_here(settings.data_dir)
    for path in (os.path.abspath(checkpoint), os.path.realpath(checkpoint)):
        for folder in list(Path(path).parents)[:2]:
            if not isinstance(source, OwnFolder):
                for name in (*([recorded] if recorded else []), str(DEFAULT_DATA_DIR), ""):
                    yield Place(source, folder / name)
            yield from _in(folder, settings)


def _names(settings: Settings) -> list[str]:
    """Return the run's own folder as it may be found in another: its whole path, and its name."""
    if not isinstance(find_source(settings.dataset), OwnFolder):
        return []
    path = _from_here(settings.dataset)
    last = re.split(r"[/\\]", settings.dataset.rstrip("/\\"))[-1]
    return [name for name in dict.fromkeys((path, last)) if name]


def _from_here(path: str) -> str:
    """Return a relative path with this system's separators; nothing for an absolute one."""
    is_absolute = path.startswith(("/", "\\")) or re.match("[A-Za-z]:", path)
    return "" if is_absolute else path.replace("\\", "/")
