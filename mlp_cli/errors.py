"""The kinds of error a user can meet.

Each message says, in one or two lines, the file or value, what was found, what was expected,
and the next step. Errors are raised where the foreign error happens, and become an exit status
in one place, the command group.
"""


class MlpError(Exception):
    """A user or the world caused this: it is reported in a line or two, without a traceback."""


class OptionError(MlpError):
    """A value passes its option's type but does not fit the data or the run."""


class ConfigError(OptionError):
    """A preset, a file of options, cannot be found, read or used."""


class ShapeError(MlpError):
    """Arrays do not fit together, or do not fit the network."""


class DivergedError(MlpError):
    """Training produced parameters that are not finite numbers."""


class DeviationError(MlpError):
    """A derivative deviates from the slope of the cost."""


class DataError(MlpError):
    """A dataset's file or folder cannot be used."""

    def __init__(self, message: str, *, option: str = "") -> None:
        super().__init__(message)
        self.option = option
        """the parameter of a command that names another folder, where that would help"""


class DataAccessError(DataError):
    """The system does not let us read or write a dataset's file or folder."""


class ForeignFileError(DataError):
    """A dataset's file is of another format, and the message has the way on."""


class NotKeptError(DataAccessError):
    """A dataset that can be drawn again cannot be kept in the data folder."""


class MissingDataError(DataError):
    """Some files of a dataset, or all of them, are missing."""


class DownloadError(MlpError):
    """No mirror or folder had the files of a dataset."""


class DownloadFolderError(DownloadError):
    """The folder for a dataset's files cannot be read or written."""


class CheckpointError(MlpError):
    """A checkpoint cannot be read, written or used here."""


class NoCheckpointError(CheckpointError):
    """There is no checkpoint in the place that was searched."""


class TakenError(CheckpointError):
    """There is a file already where a new checkpoint was to be."""


class UnwritableError(CheckpointError):
    """The system does not let us write a checkpoint: the disk is full, for example."""


class ClaimError(CheckpointError):
    """Another process trains the run of a checkpoint."""


class PictureError(MlpError):
    """A picture cannot be read as a digit."""


class OutputError(MlpError):
    """Results cannot be written to the place that was named."""


class MissingPackageError(MlpError):
    """A command needs an optional package that is not installed."""


class ClusterError(MlpError):
    """A Dask cluster cannot be reached, or cannot train."""


class ExportError(MlpError):
    """The format to export to cannot hold this network."""


class NetworkFileError(MlpError):
    """A network's file in another program's format cannot be read."""


class LogError(MlpError):
    """The log of epochs cannot be written."""


class InterruptedRunError(MlpError):
    """A run was stopped from outside; the message says what it left behind."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.status = 128 + signal_number
        """the exit status that shells expect"""


class SweepError(MlpError):
    """A sweep cannot be started, resumed or read in this folder."""
