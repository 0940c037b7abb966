"""Fixtures that several test files share."""

import ctypes
import os
import shutil
import signal
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlp_cli.commands.shared.group import mlp
from tests.compiled import KERNEL, require_kernel

# Under nohup, or in the background of a script, signals are ignored, and every program that a test
# starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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


class Capabilities(ctypes.Structure):
    """What capget and capset read and write: two of these, for 64 capabilities."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


CAPABILITY_VERSION_3 = 0x20080522
OVERRIDE_PERMISSIONS = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


@contextmanager
def obeying_permissions():
    """Let root obey the permissions of files, as their owner, while the block lasts.

    It stays root: modules and presets of a checkout that only root may enter can be read.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    header, now = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (Capabilities * 2)()
    assert libc.capget(header, now) == 0
    before = now[0].effective
    now[0].effective &= ~OVERRIDE_PERMISSIONS
    assert libc.capset(header, now) == 0
    try:
        yield
    finally:
        now[0].effective = before
        assert libc.capset(header, now) == 0


@pytest.fixture
def unprivileged():
    """Run a block without root's power to ignore permissions."""
    is_root = os.geteuid() == 0
    if is_root and sys.platform != "linux":
        pytest.skip("root can give up its power over permissions on Linux alone")
    return obeying_permissions if is_root else nullcontext


PROMISED = os.environ.get("MLP_TEST_DATA")
BROWSER_PROMISED = os.environ.get("MLP_TEST_BROWSER")


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


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("alike")


@pytest.fixture(scope="module")
def browser():
    """A browser for all tests of a file. Where MLP_TEST_BROWSER promises it, it must be there."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        message = "no browser: pages are NOT tested in one; install chromium, chromium-driver"
        if BROWSER_PROMISED:
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("no-sandbox", "headless=new", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    options.add_argument("--window-size=1280,900")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    yield browser
    browser.quit()


@pytest.fixture(scope="session")
def kernel():
    """The compiled kernel. Where MLP_TEST_COMPILED promises it, it must be there."""
    require_kernel()
    return KERNEL
