"""Real servers on loopback for the channels of alerts: SMTP and HTTP. Each can be told to refuse, and remembers what it took."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple, TypeVar

Server = TypeVar("Server", bound=socketserver.BaseServer)


class Post(NamedTuple):
    headers: dict[str, str]
    body: bytes


class HttpReceiver(ThreadingHTTPServer):
    """Takes posts; answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _PostHandler)
        self.status = 200
        self.posts: list[Post] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/secret-token"


class _PostHandler(BaseHTTPRequestHandler):
    server: HttpReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            self.server.posts.append(Post(dict(self.headers), body))
        self.send_response(self.server.status)
        if 300 <= self.server.status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class SmtpServer(socketserver.ThreadingTCPServer):
    """Enough of RFC 5321 for one sender; refuses recipients in `refused`, and everything while `is_down`."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _SmtpHandler)
        self.is_down = False
        self.refused: set[str] = set()
        self.mails: list[tuple[list[str], Message]] = []
        self.logins: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _SmtpHandler(socketserver.StreamRequestHandler):
    server: SmtpServer

    def handle(self) -> None:
        self._say("421 closed" if self.server.is_down else "220 test")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            match line.split()[0].upper():
                case "EHLO":
                    self._say("250-test\r\n250 AUTH PLAIN")
                case "AUTH":
                    self.server.logins.append(line)
                    self._say("235 welcome")
                case "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    is_refused = recipient in self.server.refused
                    recipients += [] if is_refused else [recipient]
                    self._say("550 unknown" if is_refused else "250 ok")
                case "DATA":
                    self._say("354 go on")
                    self.server.mails.append((recipients, message_from_bytes(self._data())))
                    self._say("250 taken")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server under way in a thread."""
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
