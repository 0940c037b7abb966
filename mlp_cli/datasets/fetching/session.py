"""A session of requests that takes no cookies and says what is wrong on the way to a mirror."""

from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy

from mlp_cli.datasets.fetching.addresses import check_certificates, check_proxy, name_proxy
from mlp_cli.datasets.fetching.answers import OriginError, plain_reason

MOST_REDIRECTS = 5


class MirrorSession(requests.Session):
    """A session that follows redirects without reading their bodies, which may have no end."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = MOST_REDIRECTS
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer leads to, or None, and leave its body."""
        if resp.is_redirect:
            resp.raw.close()
        return super().get_redirect_target(resp)


class _Adapter(HTTPAdapter):
    """Sends each request of a session, those of redirects included."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,  # noqa: ANN401  as requests declares it
        verify: bool | str = True,
        cert: Any = None,  # noqa: ANN401
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request, once its proxy and certificates are found to be in order.

        Raises OriginError, naming the variable to mend, where they are not, or the proxy fails.
        """
        url = request.url or ""
        proxy = select_proxy(url, dict(proxies or {}))
        if proxy:
            check_proxy(url, proxy)
        if isinstance(verify, str) and url.startswith("https:"):
            check_certificates(verify)
        try:
            return super().send(request, stream, timeout, verify, cert, proxies)
        except requests.exceptions.ProxyError as error:
            reason = f"the proxy does not answer ({plain_reason(error)})"
            raise OriginError(f"{name_proxy(url, proxy or '')}: {reason}") from error

    def build_response(
        self, req: requests.PreparedRequest, resp: urllib3.BaseHTTPResponse
    ) -> requests.Response:
        """Return the answer without its cookies: we need none, and an odd one is a traceback."""
        original = getattr(resp, "_original_response", None)
        if original is not None:
            del original.msg["Set-Cookie"]
        return super().build_response(req, resp)
