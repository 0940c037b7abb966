"""Fixtures that several test files share."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlp_cli.commands.shared.group import mlp

NOBODY = 65534


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Every test runs in an empty folder of its own, without settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if (
            name.startswith("MLP_")
            or name.endswith("_CA_BUNDLE")
            or name.lower().endswith("_proxy")
        ):
            monkeypatch.delenv(name)


@pytest.fixture
def run():
    def run(command, status=0, **options):
        arguments = command.split() if isinstance(command, str) else command
        done = CliRunner().invoke(mlp, arguments, prog_name="mlp", **options)
        assert done.exit_code == status, done.output
        # Click leaves by SystemExit; anything else would be a traceback on the user's screen.
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

    return run


@pytest.fixture
def unprivileged(own_folder, tmp_path):
    """Run a block without root's power to ignore permissions.

    Name files relative to the current folder there: root may have closed the ones above it.
    """
    tmp_path.chmod(0o777)

    @contextmanager
    def unprivileged():
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return unprivileged


PROMISED = os.environ.get("MLP_TEST_DATA")


@pytest.fixture(scope="session")
def mnist_dir():
    """The folder with the real files. Where MLP_TEST_DATA promises them they must be there."""
    folder = Path(PROMISED or Path(__file__).parents[2] / "shared").resolve()
    if not (folder / "mnist").is_dir():
        message = f"no real MNIST in {folder}; set MLP_TEST_DATA to a folder that holds mnist/"
        if PROMISED:
            pytest.fail(message)
        pytest.skip(message)
    return folder
