"""What is around a mirror: passwords are never shown, and each fault is named with its mend."""

import base64
import os
import socket
import sys
from pathlib import Path

import pytest

from mlp_cli.datasets.fetching.addresses import shown
from mlp_cli.datasets.steps import Fetched, Refused, Retried
from mlp_cli.errors import DownloadError
from tests.mirrors import Proxy, serving
from tests.test_download import CERTIFICATE, CONTENT, ONE, fetch_one, left

SECRET, USER = "s3cr3t", "somebody"


def with_password(url, userinfo=f"{USER}:{SECRET}@"):
    return url.replace("://", f"://{userinfo}")


@pytest.fixture(scope="module")
def server():
    with serving(CONTENT) as server:
        yield server


@pytest.fixture(scope="module")
def secure():
    with serving(CONTENT, certificate=CERTIFICATE) as server:
        yield server


@pytest.fixture(scope="module")
def dead():
    """The host and port of nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "{}:{}".format(*listener.getsockname())


@pytest.fixture
def proxy(monkeypatch):
    """A function that sets the proxy for a scheme."""

    def use(address, scheme="http"):
        for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY"):
            monkeypatch.setenv(name, address)

    return use


def reason_for(origin):
    """Why this origin was refused, in the words of the error."""
    with pytest.raises(DownloadError) as error:
        fetch_one(origin, force=True)
    said = str(error.value)
    assert SECRET not in said
    assert USER not in said
    assert said.isprintable() or said.count("\n") == 1
    return said.splitlines()[1]


# passwords


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://host/data/", "http://host/data/"),
        ("https://host:8080/data/", "https://host:8080/data/"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("http://somebody:s3cr3t@host:80/data/", "http://host:80/data/"),
        ("http://s3cr3t@host/", "http://host/"),
        ("http://somebody:s3/cr3t@host/", "http://host/"),
        ("http://somebody:s3?cr3t@host/", "http://host/"),
        ("http://somebody:s3#cr3t@host/", "http://host/"),
        ("http://somebody:s3@cr3t@host/", "http://host/"),
        ("http://somebody:12/s3cr3t@host/", "http://host/"),
        ("http://somebody:s3 cr3t@host/", "http://host/"),
        ("http://somebody:s3\ncr3t@host/", "http://host/"),
        ("http:/somebody:s3cr3t@host/", "http:/host/"),
        ("somebody:s3cr3t@host/", "host/"),
        ("//somebody:s3cr3t@host/", "//host/"),
        ("socks5h://somebody:s3cr3t@host", "socks5h://host"),
        ("http://host/data?token=s3cr3t", "http://host/data?..."),
        ("http://host/data?at=a@b&token=s3cr3t", "http://host/data?..."),
        ("http://host/data#s3cr3t", "http://host/data?..."),
        ("", ""),
        ("@", ""),
    ],
)
def test_an_address_is_shown_without_what_is_secret(address, expected):
    assert shown(address) == expected


def test_a_mirror_gets_the_password_and_nobody_sees_it(server):
    server.authorized.clear()
    steps = fetch_one(with_password(f"{server.url}/busy/"), with_password(f"{server.url}/right/"))
    said = [step for step in steps if isinstance(step, Refused | Retried | Fetched)]
    assert len(said) == 4
    assert SECRET not in str(said)
    assert USER not in str(said)
    assert said[-1].origin == f"{server.url}/right/"
    basic = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
    assert set(server.authorized) == {basic}


@pytest.mark.parametrize(
    "address",
    [
        *("http://{}@{}/", "http:/{}@{}/", "ftp://{}@{}/", "{}@{}", "http://{}@/{}"),
        *("http://{}@[::1/", "http://{}@x..y/", "http://{}@host:port/", "http://{}@host:99999/"),
        *("http://{}/x@{}/", "http://{}@\0/", "http://{}\u20ac@{}/", "http://{} x@{}/"),
    ],
)
def test_no_error_of_an_address_shows_its_password(address, dead):
    reason_for(address.format(f"{USER}:{SECRET}", dead))


def test_a_redirect_with_a_password_does_not_show_it(server):
    for target in ("http://somebody:s3cr3t@x..y/", "gopher://somebody:s3cr3t@host/?s3cr3t"):
        server.location = target
        reason_for(f"{server.url}/elsewhere/")


def test_the_addresses_that_are_printed_have_no_password(run):
    mirror = with_password("http://host/data/")
    done = run(["download", "--mirror", mirror, "--print-urls"])
    assert "http://host/data/train-images-idx3-ubyte.gz\n" in done.stdout
    assert SECRET not in done.output


def test_the_command_shows_no_password(run, dead):
    done = run(["download", "--mirror", with_password(f"http://{dead}/")], status=1)
    assert f"  http://{dead}/: Failed to establish a new connection" in done.stderr
    assert SECRET not in done.output


@pytest.mark.parametrize(
    "address",
    [
        "not an address",
        "http://u:\u20ac@127.0.0.1:1/",
        "http://u:%E2%82%AC@127.0.0.1:1/",
        "http://",
        "ftp://127.0.0.1/",
        "http://[::1",
        "//host/",
        "http:/h",
    ],
)
def test_a_malformed_address_says_what_is_expected(address):
    assert "not the address of a mirror, expected such as https://HOST/FOLDER/" in reason_for(
        address
    )


# proxies


def test_a_proxy_gets_its_password_and_nobody_sees_it(proxy, dead):
    with serving(CONTENT, handler=Proxy) as server:
        proxy(with_password(server.url))
        fetch_one("http://mirror.invalid/right/")
        basic = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        assert basic in server.authorized
    proxy(with_password(f"http://{dead}"))
    reason = reason_for("http://mirror.invalid/")
    assert f"http_proxy=http://{dead}: the proxy does not answer (" in reason
    assert "Connection refused" in reason


@pytest.mark.parametrize(
    "address",
    [
        *(
            "::nonsense",
            "http://host:port",
            "http://",
            "http://[::1",
            "http://x..y/",
            " ",
            "foo://h:1",
        ),
        *(
            "http://127.0.0.1:99999",
            "socks9://h:1",
            "http://somebody:s3/cr3t@h",
            "somebody:s3cr3t@",
        ),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_malformed_proxy_names_the_variable_and_what_is_expected(proxy, scheme, address):
    proxy(address, scheme)
    reason = reason_for(f"{scheme}://127.0.0.1:1/")
    assert f"{scheme}_proxy={shown(address)}: not the address of a proxy" in reason
    assert "expected such as http://HOST:PORT. Correct or unset it" in reason


def test_the_variable_for_all_schemes_is_named_too(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "::nonsense")
    assert "ALL_PROXY=::nonsense: not the address" in reason_for("http://127.0.0.1:1/")


def test_a_proxy_for_where_a_redirect_leads_is_checked_too(server, proxy):
    proxy("::nonsense", "https")
    server.location = "https://127.0.0.1:1/"
    assert "https_proxy=::nonsense: not the address" in reason_for(f"{server.url}/elsewhere/")


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
def test_a_socks_proxy_names_the_package_that_it_needs(proxy, monkeypatch, scheme):
    monkeypatch.setitem(sys.modules, "socks", None)
    proxy(f"{scheme}://{USER}:{SECRET}@127.0.0.1:1")
    expected = f"http_proxy={scheme}://127.0.0.1:1: a SOCKS proxy needs a package"
    assert f"{expected}. Install it with: pip install PySocks" in reason_for("http://127.0.0.1:1/")


@pytest.mark.parametrize("value", ["*", "127.0.0.1", "127.0.0.0/8", " 127.0.0.1 ,x"])
def test_a_malformed_proxy_that_is_not_used_is_no_obstacle(server, proxy, monkeypatch, value):
    proxy("::nonsense")
    monkeypatch.setenv("no_proxy", value)
    fetch_one(f"{server.url}/right/")
    assert left() == {ONE: CONTENT[ONE]}


@pytest.mark.parametrize("value", ["[", "::1/999", "10.0.0.0/99", ",,,", "\n", "/", "a/b/c"])
def test_a_nonsense_list_of_exceptions_is_no_obstacle(server, monkeypatch, value):
    monkeypatch.setenv("no_proxy", value)
    fetch_one(f"{server.url}/right/")
    assert left() == {ONE: CONTENT[ONE]}


# certificates


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("kind", ["missing", "empty", "nonsense", "pipe"])
def test_certificates_that_cannot_be_read_name_the_variable(secure, monkeypatch, variable, kind):
    bundle = Path("bundle.pem")
    if kind == "pipe":
        os.mkfifo(bundle)
    elif kind != "missing":
        bundle.write_text("nonsense" if kind == "nonsense" else "")
    monkeypatch.setenv(variable, str(bundle))
    reason = reason_for(f"{secure.url}/right/")
    assert f"{variable}=bundle.pem: no certificates there (" in reason
    assert "expected a file or folder of them. Correct or unset it" in reason


def test_certificates_are_not_looked_at_without_tls(server, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    fetch_one(f"{server.url}/right/")
    assert left() == {ONE: CONTENT[ONE]}


def test_a_file_of_passwords_that_is_no_text_is_named(server, monkeypatch):
    Path("netrc").write_bytes(b"machine \xff\xfe login\n")
    monkeypatch.setenv("NETRC", "netrc")
    reason = reason_for(f"{server.url}/right/")
    assert "netrc: not text, expected UTF-8. Correct or remove it" in reason


@pytest.mark.parametrize("content", [b"nonsense here\n", b"machine 127.0.0.1 login"])
def test_a_damaged_file_of_passwords_is_no_obstacle(server, monkeypatch, content):
    Path("netrc").write_bytes(content)
    monkeypatch.setenv("NETRC", "netrc")
    fetch_one(f"{server.url}/right/")
    assert left() == {ONE: CONTENT[ONE]}
