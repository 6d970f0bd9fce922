"""Who may talk to the UI: a real server on loopback, and the headers that browsers send for pages of other sites."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from orchestration.own_pages import own_pages_only

ASK = "/graphql?query=mutation"


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("done")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Starlette(
        routes=[Route("/graphql", answer, methods=["GET", "POST"]), Route("/runs", answer), WebSocketRoute("/graphql", talk)], middleware=list(own_pages_only())
    )
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield int(listening.getsockname()[1])
    server.should_exit = True
    thread.join()
    listening.close()


def status(port: int, method: str, path: str, headers: Mapping[str, str]) -> int:
    """The answer's, with `PORT` in a header standing for the server's."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in ({"Host": "127.0.0.1:PORT"} | dict(headers)).items():
            connection.putheader(name, value.replace("PORT", str(port)))
        body = json.dumps({"query": "mutation { startSensor }"}).encode() if method == "POST" else b""
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("POST", "/graphql", {}, 200),  # a program
        ("POST", "/graphql", {"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "same-origin"}, 200),
        ("POST", "/graphql", {"Host": "localhost:PORT", "Origin": "http://localhost:PORT"}, 200),
        ("POST", "/graphql", {"Host": "localhost:8080", "Origin": "http://localhost:8080"}, 200),  # through a tunnel
        ("POST", "/graphql", {"Origin": "https://evil.example"}, 403),
        ("POST", "/graphql", {"Origin": "null"}, 403),
        ("POST", "/graphql", {"Origin": "http://127.0.0.1:1"}, 403),  # another server of this machine
        ("POST", "/graphql", {"Origin": "http://localhost:PORT"}, 403),
        ("POST", "/graphql", {"Origin": "http://127.0.0.1:PORT.evil.example"}, 403),
        ("POST", "/graphql", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", "/graphql", {"Sec-Fetch-Site": "same-site"}, 403),
        ("POST", "/graphql", {"Host": "evil.example:PORT", "Origin": "http://evil.example:PORT"}, 400),  # a name that points here
        ("POST", "/graphql", {"Host": "127.0.0.1.evil.example"}, 400),
        ("GET", "/runs", {"Host": "evil.example"}, 400),
        ("GET", "/runs", {"Sec-Fetch-Site": "cross-site"}, 200),  # a link in a message
        ("GET", ASK, {"Accept": "image/avif,image/*", "Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", ASK, {"Accept": "*/*"}, 403),
        ("GET", "/graphql/" + ASK.removeprefix("/graphql"), {}, 403),
        ("GET", ASK, {"Accept": "text/html"}, 200),  # the page for people: executes nothing
        ("GET", "/graphql", {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x" * 22 + "=="}, 101),
        (
            "GET",
            "/graphql",
            {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "x" * 22 + "==",
                "Origin": "https://evil.example",
            },
            403,
        ),
    ],
)
def test_own_pages_and_programs_are_answered_and_pages_of_others_are_not(port: int, method: str, path: str, headers: dict[str, str], expected: int) -> None:
    assert status(port, method, path, headers) == expected
