"""Who may talk to the UI on this machine: its own pages, and programs; never a page of another site that a browser here has open.

Dagster's webserver asks nobody for a password, as it listens to this machine alone. A browser is on this machine, too: without these rules
any page in it could start sensors and runs, and with a name that points to 127.0.0.1 (DNS rebinding) it could read the answers.
"""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OWN_HOSTS = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine, with any port: a tunnel may have another one."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})
"""Of the browsers' header `Sec-Fetch-Site`: the page itself, or a person."""


def own_pages_only() -> Sequence[Middleware]:
    """The layers in front of the webserver, the outermost first."""
    return [Middleware(TrustedHostMiddleware, allowed_hosts=OWN_HOSTS, www_redirect=False), Middleware(OwnPagesOnly)]


class OwnPagesOnly:
    """Refuses whatever could change something, unless it comes from a page of this server or from no page at all.

    Args:
        app: What answers the rest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or open a socket."""
        reason = _why_refused(scope) if scope["type"] in {"http", "websocket"} else ""
        if reason:
            await PlainTextResponse(f"{reason}\n", status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _why_refused(scope: Scope) -> str:
    """What is wrong with a request; empty = nothing."""
    headers = Headers(scope=scope)
    if scope["type"] == "http" and scope["method"] in _READING:
        # An image's address may hold a mutation, and browsers do not say which page asks for an image.
        asks = scope["path"].rstrip("/").endswith("/graphql") and scope["query_string"] and "text/html" not in headers.get("accept", "")
        return "GraphQL is answered by POST only." if asks else ""
    origins = headers.getlist("origin")
    if origins and origins != [f"http://{headers.get('host')}"]:
        return f"Pages of {', '.join(origins)} may not use this server: open it by its own address."
    if headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        return "Pages of other sites may not use this server: open it by its own address."
    return ""
