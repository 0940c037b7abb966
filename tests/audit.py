"""No file starts a program or opens a connection: Python's own audit events are watched."""

import sys

FORBIDDEN = (
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
    *("os.forkpty", "pty.spawn", "os.startfile", "socket.__new__", "socket.connect"),
    *("socket.bind", "socket.getaddrinfo", "ctypes.dlopen", "webbrowser.open"),
)


class EscapedError(BaseException):
    """A file has made the program start something; not an Exception, which a reader may catch."""


escapes: list[str] = []


def watch() -> None:
    """Refuse these events from now on, for the rest of the process, and keep a list of them."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in FORBIDDEN:
            escapes.append(f"{event} {arguments}")
            raise EscapedError(escapes[-1])

    sys.addaudithook(hook)
