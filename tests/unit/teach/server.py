"""A small real HTTP server that speaks enough of the chat-completions protocol to plant faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, str, dict[str, str]]
Answer = Callable[[dict[str, Any], int], Reply]


def completion(text: str | None, **usage: int) -> Reply:
    body = {"choices": [{"message": {"role": "assistant", "content": text}}], "usage": usage}
    return 200, json.dumps(body), {}


def texts(*written: str) -> Reply:
    """Text completions; the last sample comes first, as no server promises an order."""
    choices = [{"index": index, "text": text} for index, text in enumerate(written)]
    return 200, json.dumps({"choices": choices[::-1]}), {}


@dataclass
class Scripted:
    """What the server saw: bodies, headers and how many requests were under way at once."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serving(answer: Answer) -> Iterator[Scripted]:
    """Serve ``answer(body, number of the request)`` on loopback."""
    seen = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with seen.lock:
                number = len(seen.bodies)
                seen.bodies.append(body)
                seen.headers.append(dict(self.headers))
                seen.under_way += 1
                seen.most_under_way = max(seen.most_under_way, seen.under_way)
            status, text, headers = answer(body, number)
            with seen.lock:
                seen.under_way -= 1
            if status == 0:  # hang up without a reply
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
