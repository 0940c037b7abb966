"""The kinds of error a user can meet.

Each message says, in one or two lines, the file or value, what was found, what was expected,
and the next step. They are raised where the foreign error happens and become an exit status
in one place, the command group.
"""

from pathlib import Path


class MlpError(Exception):
    """Something that a user or the world can cause."""


class OptionError(MlpError):
    """A value that no option type could refuse, but that does not fit the data or the run."""


class ConfigError(OptionError):
    """A preset that cannot be found, read or used: options in a file."""


class ShapeError(MlpError):
    """Arrays that do not fit together, or do not fit the network."""


class DivergedError(MlpError):
    """Training produced parameters that are not finite numbers."""


class DeviationError(MlpError):
    """A derivative that is not the slope of the cost."""


class DataError(MlpError):
    """A dataset's file or folder that cannot be used."""


class DataAccessError(DataError):
    """A dataset's file or folder that the system does not let us read."""


class MissingDataError(DataError):
    """A dataset that is not, or not wholly, in the data folder."""

    def __init__(self, message: str, found: list[Path]) -> None:
        super().__init__(message)
        self.found = found
        """the files that are there, of the folder that holds most of them"""


class DownloadError(MlpError):
    """No source had the files of a dataset."""


class DownloadFolderError(DownloadError):
    """A folder that does not take the files of a dataset."""


class CheckpointError(MlpError):
    """A checkpoint that cannot be read, written or used here."""


class NoCheckpointError(CheckpointError):
    """No checkpoint where one is looked for."""


class PictureError(MlpError):
    """A picture that cannot be read as a digit."""


class OutputError(MlpError):
    """Results that have nowhere to go."""


class MissingPackageError(MlpError):
    """An optional package that a command needs and that is not installed."""


class ExportError(MlpError):
    """A network that another format cannot hold."""


class NetworkFileError(MlpError):
    """A network's file in another program's format that cannot be read."""


class LogError(MlpError):
    """A log of epochs that cannot be written."""


class InterruptedRunError(MlpError):
    """A run that was stopped from outside and says what it left behind."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.status = 128 + signal_number
        """the exit status that shells expect"""
