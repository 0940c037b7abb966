"""The way to a Dask cluster: its scheduler is there, and its workers can train with us."""

import asyncio
import logging
import socket
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pkgutil import resolve_name
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlp_cli.errors import ClusterError
from mlp_cli.learning.arithmetic import unlike
from mlp_cli.system.packages import import_extra
from mlp_cli.version import __version__

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 8.0
WORKERS_SECONDS = 10.0
"""how long a scheduler may be without workers"""
REACH_SECONDS = 2.0
MOST_CONNECTIONS = 8192
"""one for each run that is trained at a time"""
SCHEMES = ("tcp", "tls", "ws", "wss")
NEXT = "Start a scheduler with `dask scheduler`, and name the address that it prints."


def connect(address: str) -> "Client":
    """Return a client of the cluster with this scheduler.

    Raises MissingPackageError without the extra `dask`, ClusterError where nobody answers there
    within some seconds, or no worker has come.
    """
    import_extra(["distributed"], "dask", "--scheduler needs it")
    from distributed import Client

    # What matters is said by us. Dask forgets futures when a client closes, of which asyncio tells.
    for name in ("distributed", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    host, port = _parts(address)
    _allow_open_files()
    found: list[Client | OSError] = []

    def try_it() -> None:
        try:
            socket.create_connection((host, port), CONNECT_SECONDS).close()
            with warnings.catch_warnings():  # of versions, which we compare ourselves
                warnings.simplefilter("ignore")
                found.append(
                    Client(
                        address,
                        timeout=CONNECT_SECONDS,
                        set_as_default=False,
                        connection_limit=MOST_CONNECTIONS,
                    )
                )
        except OSError as error:
            found.append(error)

    # Measured: a server that accepts and stays silent keeps Client for ever, whatever its timeout.
    attempt = Thread(target=try_it, daemon=True)
    attempt.start()
    attempt.join(CONNECT_SECONDS + 2)
    client = found[0] if found else TimeoutError("no answer")
    if isinstance(client, OSError):
        reason = client.strerror or str(client)
        raise ClusterError(
            f"--scheduler {address}: no Dask scheduler can be reached there ({reason}).\n{NEXT}"
        ) from client
    try:
        client.wait_for_workers(1, timeout=WORKERS_SECONDS)
    except TimeoutError as error:
        client.close()
        raise ClusterError(
            f"--scheduler {address}: no worker has come within {WORKERS_SECONDS:.0f} s.\n"
            f"Start workers with: dask worker {address} --nworkers auto"
        ) from error
    return client


def _allow_open_files() -> None:
    """Let this process have as many files open as it may: two for each run that is trained."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _parts(address: str) -> tuple[str, int]:
    """Return host and port. Raises ClusterError where the address has another form."""
    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme not in SCHEMES or parts.path:
        raise ClusterError(
            f"--scheduler {address}: no address of a scheduler, expected one such as "
            f"tcp://127.0.0.1:8786.\n{NEXT}"
        )
    return host, port


def check_workers(client: "Client", address: str) -> list[str]:
    """Check that every worker has our mlp, NumPy and Python; return what to say of the others.

    Raises ClusterError, naming the worker and both versions, where one differs.
    """
    # The first question is one that workers without mlp understand too.
    name = "mlp_cli.version:__version__"
    for worker, version in client.run(resolve_name, name, on_error="return").items():
        if isinstance(version, ImportError | AttributeError):
            raise _unfit(address, worker, f"has no mlp (here {__version__})")
        _raise_unless_left(version)
        if version != __version__:
            raise _unfit(address, worker, f"has mlp {version} (here {__version__})")
    from mlp_cli.sweeps.remote import describe, read_rounding, read_software

    for worker, software in client.run(read_software, on_error="return").items():
        _raise_unless_left(software)
        if differences := unlike(read_software(), software):
            raise _unfit(address, worker, f"has {describe(differences)}")
    ours, notes = read_rounding(), dict[str, list[str]]()
    for worker, rounding in client.run(read_rounding, on_error="return").items():
        _raise_unless_left(rounding)
        if differences := unlike(ours, rounding):
            notes.setdefault(describe(differences), []).append(worker)
    return [_note(text, workers) for text, workers in notes.items()]


def _note(differences: str, workers: list[str]) -> str:
    others = f" and {len(workers) - 1:,} more" if len(workers) > 1 else ""
    return (
        f"{workers[0]}{others}: {differences}: "
        "the last digits differ from those of runs that are trained here"
    )


def _raise_unless_left(answer: object) -> None:
    """Raise what a worker answered with, unless it has just left the cluster."""
    if isinstance(answer, BaseException) and not isinstance(answer, OSError):
        raise answer


def _unfit(address: str, worker: str, what: str) -> ClusterError:
    return ClusterError(
        f"--scheduler {address}: worker {worker} {what}.\n"
        "Every worker needs the same mlp, NumPy and Python (3.x): install them there, and start it "
        "again."
    )


async def reach(client: "Client", workers: Mapping[str, int]) -> bool:
    """Return whether this machine reaches the workers themselves, not only the scheduler.

    One worker of each machine is asked, of up to sixteen machines.
    """
    machines = {worker.rpartition(":")[0]: worker for worker in workers}

    async def answers(worker: str) -> bool:
        try:
            await asyncio.wait_for(client.rpc(worker).identity(), REACH_SECONDS)
        except (OSError, TimeoutError):
            return False
        return True

    return all(await asyncio.gather(*map(answers, list(machines.values())[:16])))
