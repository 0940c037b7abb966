"""The addresses of mirrors and proxies: checked before they are asked, shown without passwords."""

import os
import re
import ssl
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from mlp_cli.datasets.fetching.answers import OriginError, brief

MIRROR_SCHEMES = {"http", "https"}
SOCKS_SCHEMES = {"socks4", "socks4a", "socks5", "socks5h"}


def shown(address: str | Path) -> str:
    """Return an address without what may be secret: user name, password and query.

    A password that is not encoded as it should be may hold any letter. In doubt more is left out.
    A folder is shown as it is.
    """
    if isinstance(address, Path):
        return str(address)
    match = re.fullmatch(r"(?s)([A-Za-z][\w+.-]*:(?=/))?(/*)(.*)", address)
    scheme, slashes, rest = match.groups("") if match else ("", "", "")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority or ":" in authority:
        rest = rest.rpartition("@")[2]
    return scheme + slashes + re.sub(r"(?s)[?#].*", "?...", rest)


def hide(text: str) -> str:
    """Return a text with every address in it as `shown` has it."""
    return re.sub(r"""[A-Za-z][\w+.-]*:/[^\s'"]*""", lambda found: shown(found[0]), text)


def check_mirror(address: str) -> None:
    """Raise OriginError for an address that no file can be asked of."""
    if _scheme(address) not in MIRROR_SCHEMES:
        raise OriginError(
            "not the address of a mirror, expected such as https://HOST/FOLDER/, with a name and "
            "password in Latin-1, and their special letters as %XX"
        )


def check_proxy(url: str, proxy: str) -> None:
    """Raise OriginError, with the mend, for a proxy that cannot be asked for this address."""
    scheme = _scheme(proxy if "://" in proxy else f"http://{proxy}")
    if scheme in SOCKS_SCHEMES:
        if not _has_socks():
            raise OriginError(
                f"{name_proxy(url, proxy)}: a SOCKS proxy needs a package. "
                "Install it with: pip install PySocks"
            )
    elif scheme not in MIRROR_SCHEMES:
        raise OriginError(
            f"{name_proxy(url, proxy)}: not the address of a proxy, "
            "expected such as http://HOST:PORT. Correct or unset it"
        )


def name_proxy(url: str, proxy: str) -> str:
    """Return the variable that names the proxy for this address, and its value to show."""
    scheme = urlsplit(url).scheme
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    variable = next((name for name in names if os.environ.get(name) == proxy), "the system's proxy")
    return f"{variable}={brief(shown(proxy))}"


def check_certificates(path: str) -> None:
    """Raise OriginError, with the variable to mend, where this path has no certificates.

    It is the path that requests took from the environment.
    """
    reason = "no such file or folder"
    if os.path.isdir(path):
        return
    if os.path.isfile(path):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            return
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    variable = next((name for name in names if os.environ.get(name) == path), "the certificates")
    raise OriginError(
        f"{variable}={brief(hide(path))}: no certificates there ({brief(reason)}), "
        "expected a file or folder of them. Correct or unset it"
    )


def _scheme(address: str) -> str:
    """Return the scheme of an address; nothing where that is no address with a host."""
    try:
        parsed = parse_url(address)
        unquote(parsed.auth or "").encode("latin-1")  # as HTTP carries it
    except (LocationParseError, ValueError):
        return ""
    host = parsed.host or ""
    is_host = host and all(host.removesuffix(".").split("."))  # no label is empty
    return (parsed.scheme or "") if is_host and address.isprintable() else ""


def _has_socks() -> bool:
    try:
        return find_spec("socks") is not None
    except ValueError:  # something of this name was imported by hand
        return False
