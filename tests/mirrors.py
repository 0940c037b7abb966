"""A real HTTP server on loopback that plays mirrors, with every fault one may have.

The first part of a path says what is played: `/right/NAME`, `/html/NAME`, ...
"""

import gzip
import re
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

HTML = b"<!DOCTYPE html>\n<html><body>Please log in to the network.</body></html>"


class Mirror(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append((self.path, self.headers["Range"]))
        self.server.encodings.append(self.headers["Accept-Encoding"])
        self.server.authorized.append(self.headers["Authorization"])
        _, played, name = self.path.split("/")
        self.times = [path for path, _ in self.server.requests].count(self.path)
        self.offset = int(re.search(r"\d+", self.headers["Range"] or "0")[0])
        self.close_connection = True
        getattr(self, played)(self.server.content[name])

    def handle(self):
        with suppress(OSError):  # the client has hung up
            super().handle()

    def log_message(self, *_):
        pass

    # how to answer

    def answer(self, body=b"", status=200, **headers):
        """Answer with this body; a header of None is left out, any other replaces ours."""
        ours = {"Content-Type": "application/gzip", "Content-Length": str(len(body))}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.send_response(status)
        for name, value in (ours | given).items():
            if value is not None:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def answer_chunked(self, *pieces, end=True, **headers):
        self.answer(Content_Length=None, Transfer_Encoding="chunked", **headers)
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if end:
            self.wfile.write(b"0\r\n\r\n")

    def answer_range(self, data, length=None):
        """Answer from where we were asked to, as a good mirror does, but possibly not to the end.

        length: after how many bytes the connection dies.
        """
        rest = data[self.offset :]
        headers = {"Content_Length": str(len(rest))}
        if self.offset:
            headers["Content_Range"] = f"bytes {self.offset}-{len(data) - 1}/{len(data)}"
        self.answer(rest[:length], 206 if self.offset else 200, **headers)

    def wait(self, seconds=10):
        self.server.closing.wait(seconds)

    def drip(self, data, wrap=bytes):
        """Send a byte now and then, for ever."""
        while not self.server.closing.wait(0.05):
            self.wfile.write(wrap(data[:1]))

    def reset(self):
        """End the connection with a reset instead of an orderly close."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    # good ones

    def right(self, data):
        self.answer_range(data)

    def encoded(self, data):
        """The file's own gzip is passed off as the encoding: unpacking it spoils the file."""
        self.answer(data, Content_Encoding="gzip")

    def chunked(self, data):
        self.answer_chunked(data[:1000], data[1000:])

    def unlimited(self, data):
        self.answer(data, Content_Length=None)

    def moved(self, data):
        self.answer(status=302, Location=self.path.replace("moved", "right"))

    def cookies(self, data):
        """One whose age no number of Python's can hold, and some that fill a jar."""
        self.send_response_only(200)
        for number in range(50):
            self.send_header("Set-Cookie", f"c{number}={'x' * 500}; Max-Age={'9' * 400}; Path=/")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def moved_with_a_cookie(self, data):
        """A mirror that sends whoever has its cookie round for ever."""
        self.answer(
            status=302,
            Location=self.path.replace("moved_with_a_cookie", "for_who_has_no_cookie"),
            Set_Cookie="seen=1; Path=/",
        )

    def for_who_has_no_cookie(self, data):
        if self.headers["Cookie"]:
            self.answer(status=302, Location=self.path)
        else:
            self.right(data)

    # faults that pass

    def once(self, data, fault):
        fault() if self.times == 1 else self.right(data)

    def busy_once(self, data):
        self.once(data, lambda: self.answer(status=503))

    def reset_once(self, data):
        self.once(data, self.reset)

    def too_many_once(self, data):
        self.once(data, lambda: self.answer(status=429, Retry_After="0"))

    def too_many(self, data):
        self.answer(status=429, Retry_After="3600")

    def too_many_until(self, data):
        self.once(
            data, lambda: self.answer(status=429, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT")
        )

    def too_many_nonsense(self, data):
        self.once(data, lambda: self.answer(status=429, Retry_After="a while"))

    def busy(self, data):
        self.answer(status=503)

    def broken(self, data):
        self.answer(status=500)

    def resets(self, data):
        self.reset()

    def hangs_up(self, data):
        pass

    def not_http(self, data):
        self.wfile.write(b"SSH-2.0-\x1b[31mmirror\r\n")

    def long_header(self, data):
        self.answer(data, X_Long="x" * 100_000)

    def odd_headers(self, data):
        self.wfile.write(b"HTTP/1.1 200 \xff\xfe\r\n\xff: \x00\r\n: \r\nnonsense\r\n\r\n")

    def many_headers(self, data):
        self.answer(data, **{f"X_{i}": "x" for i in range(200)})

    # refusals

    def forbidden(self, data):
        self.answer(b"no", status=403)

    def missing(self, data):
        self.answer(b"gone", status=404)

    def nothing(self, data):
        self.answer(status=204, Content_Length=None)

    def empty(self, data):
        self.answer_chunked()

    def circle(self, data):
        self.answer(status=302, Location=self.path)

    def endless_circle(self, data):
        """A redirect whose own body never ends, and is packed so as to grow a thousandfold."""
        self.answer(status=302, Location=self.path, Content_Length=None, Content_Encoding="gzip")
        bomb = gzip.compress(bytes(1 << 20))
        while not self.server.closing.is_set():
            self.wfile.write(bomb)

    def elsewhere(self, data):
        self.answer(status=302, Location=self.server.location)

    # other content

    def html(self, data):
        self.answer(HTML, Content_Type="text/html")

    def html_chunked(self, data):
        self.answer_chunked(HTML)

    def html_of_that_length(self, data):
        self.answer(HTML.ljust(len(data)))

    def wrong(self, data):
        self.answer(data[:-1] + bytes([data[-1] ^ 1]))

    def wrong_ranges(self, data):
        self.answer_range(data[:-1] + bytes([data[-1] ^ 1]))

    def zeros(self, data):
        self.answer(bytes(len(data)))

    def longer(self, data):
        self.answer(data + b"more")

    def longer_chunked(self, data):
        self.answer_chunked(data, b"more")

    def endless(self, data):
        self.answer(Content_Length=None)
        while not self.server.closing.is_set():
            self.wfile.write(bytes(1 << 16))

    def shorter(self, data):
        self.answer(data[:-1])

    def shorter_chunked(self, data):
        self.answer_chunked(data[:-1])

    def bomb(self, data):
        self.answer(gzip.compress(bytes(1 << 24)), Content_Encoding="gzip")

    def bomb_of_that_length(self, data):
        bomb = gzip.compress(bytes(1 << 24))
        self.answer((bomb * (1 + len(data) // len(bomb)))[: len(data)], Content_Encoding="gzip")

    def unpacked(self, data):
        """What a proxy makes of a file that it unpacks."""
        self.answer(b"\0\0\x08\x03" + bytes(5 * len(data)))

    def unpacked_chunked(self, data):
        self.answer_chunked(b"\0\0\x08\x03" + bytes(5 * len(data)))

    def nonsense_length(self, data):
        self.answer(b"nonsense", Content_Length="many")

    def absurd_length(self, data):
        self.answer(data, Content_Length="9" * 5000)

    def negative_length(self, data):
        self.answer(data, Content_Length="-1")

    def absurd_status(self, data):
        self.wfile.write(b"HTTP/1.1 999999999999 ?\r\n\r\n")

    def absurd_pause(self, data):
        self.answer(status=429, Retry_After="9" * 5000)

    def two_lengths(self, data):
        self.answer(data, Content_Length=f"{len(data)}, 7")

    # ranges

    def unasked_range(self, data):
        self.answer(data, 206, Content_Range=f"bytes 0-{len(data) - 1}/{len(data)}")

    def dies(self, data):
        """In the middle of what is left, each time; a download can resume."""
        self.answer_range(data, length=(len(data) - self.offset) // 2)

    def dies_once(self, data):
        self.answer_range(data, length=len(data) // 2 if self.times == 1 else None)

    def dies_at_once(self, data):
        self.answer_range(data, length=0)

    def dies_without_ranges(self, data):
        self.answer(data[: len(data) // 2], Content_Length=str(len(data)))

    def dies_unlimited(self, data):
        self.answer(data[: len(data) // 2], Content_Length=None)

    def dies_chunked(self, data):
        self.answer_chunked(data[: len(data) // 2], end=False)

    def dies_by_reset(self, data):
        self.dies(data)
        self.wfile.flush()
        self.reset()

    def dies_then(self, data, **headers):
        """Die in the middle, then answer the question for the rest with these headers."""
        if self.offset:
            self.answer(data[self.offset :], 206, **headers)
        else:
            self.dies_once(data)

    def dies_then_ignores_range(self, data):
        self.offset = 0
        self.dies_once(data)

    def dies_then_wrong_offset(self, data):
        self.dies_then(data, Content_Range=f"bytes 7-{len(data) - 1}/{len(data)}")

    def dies_then_wrong_total(self, data):
        self.dies_then(data, Content_Range=f"bytes {self.offset}-{len(data) - 1}/7")

    def dies_then_unknown_total(self, data):
        self.dies_then(data, Content_Range=f"bytes {self.offset}-{len(data) - 1}/*")

    def dies_then_no_range_named(self, data):
        self.dies_then(data, Content_Type="multipart/byteranges; boundary=x")

    def dies_then_wrong_bytes(self, data):
        """The rest that it sends is not the file's; the complete file would be."""
        half = len(data) // 2
        wrong_rest = data[:half] + bytes(len(data) - half)
        self.dies_then_unknown_total(wrong_rest if self.offset else data)

    def dies_then_not_satisfiable(self, data):
        self.answer(status=416) if self.offset else self.dies_once(data)

    def dies_and_is_never_satisfiable(self, data):
        self.answer(status=416) if self.offset else self.dies(data)

    def dies_in_turns(self, data):
        """Half a file, then more by a range, then half again: it never gets anywhere."""
        if self.times % 2:
            self.offset = 0
        self.answer_range(data, length=len(data) // 3)

    # too slow

    def silent(self, data):
        self.wait()

    def stalls(self, data):
        self.answer(data[:1], Content_Length=str(len(data)))
        self.wait()

    def stalls_in_the_middle(self, data):
        if self.times > 1:
            self.right(data)
        else:
            self.answer(data[: len(data) // 2], Content_Length=str(len(data)))
            self.wait()

    def drips(self, data):
        self.answer(Content_Length=str(len(data)))
        self.drip(data)

    def drips_chunked(self, data):
        self.answer(Content_Length=None, Transfer_Encoding="chunked")
        self.drip(data, lambda byte: b"1\r\n%b\r\n" % byte)

    def drips_header(self, data):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Filler: ")
        self.drip(b"x")

    def slow(self, data):
        """Slow, but not too slow."""
        self.answer_range(data, length=0)
        for start in range(self.offset, len(data), 1 << 15):
            self.wait(0.01)
            self.wfile.write(data[start : start + (1 << 15)])


class Proxy(Mirror):
    """A proxy as HTTP has it: it is asked for full addresses."""

    def do_GET(self):
        host, path = re.fullmatch(r"http://([^/]+)(/.*)", self.path).groups()
        self.server.proxied.append(host)
        self.server.authorized.append(self.headers["Proxy-Authorization"])
        self.path = path
        super().do_GET()


@contextmanager
def serving(content, handler=Mirror, certificate=None):
    """Serve these files; the server's `requests` are the (path, Range) that were asked for.

    certificate: a file with certificate and key, to serve over TLS.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.content, server.closing, server.location = content, threading.Event(), "/"
    server.requests, server.encodings, server.proxied = [], [], []
    server.authorized = []
    server.daemon_threads = False
    server.handle_error = lambda *_: None  # a client that hangs up, or wants another certificate
    scheme = "http"
    if certificate is not None:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    server.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def random_bytes(count, seed=0):
    return np.random.default_rng(seed).bytes(count)
