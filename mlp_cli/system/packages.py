"""Import optional packages, and say what is wrong with one before the work that needs it."""

from collections.abc import Sequence
from contextlib import redirect_stderr
from importlib import import_module
from importlib.util import find_spec
from io import StringIO

from mlp_cli.errors import MissingPackageError

MOST_REASON = 200
"""characters of a foreign error that are shown"""


def import_extra(modules: Sequence[str], extra: str, need: str) -> None:
    """Import the modules of an optional package, the first of which is the package itself.

    extra: the name under which pip installs it with mlp.  need: what needs it, as in `charts need
    it`. Raises MissingPackageError where it is not installed, or is there but cannot be imported.
    """
    package = modules[0]
    install = f'"mlp-cli[{extra}]"'
    if find_spec(package) is None:
        raise MissingPackageError(
            f"{package} is not installed; {need}. Install it with: pip install {install}"
        )
    try:
        # A package that does not suit its neighbours may print pages about it.
        with redirect_stderr(StringIO()):
            for module in modules:
                import_module(module)
    except MemoryError:
        raise
    except Exception as error:  # whatever a foreign package raises while it is imported
        reason = f"{type(error).__name__}: {error}".partition("\n")[0][:MOST_REASON]
        raise MissingPackageError(
            f"{package} is installed but cannot be imported ({reason}); {need}. "
            f"Install it again with: pip install --force-reinstall {install}"
        ) from error
