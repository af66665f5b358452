"""A small web server for the front end's own tests.

It serves pages made of the real templates and the real build, under the portal's real content policy, and answers
like the rooms do (uploads, outlines), so that scripts are tested in a browser without a database.
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from django.conf import settings

STATIC = Path(__file__).resolve().parents[2] / "static"


def content_policy() -> str:
    """The Content-Security-Policy header that the portal's settings ask for."""
    directives: dict[str, list[str]] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


@dataclass
class Upload:
    """One resumable upload as the server knows it."""

    length: int
    metadata: dict[str, str]
    received: bytes = b""
    drops: int = 0  # how many pieces the connection still loses half-way


@dataclass
class Showcase:
    """Pages by path, and what the browser did to them."""

    pages: dict[str, Callable[[], str]]
    pictures: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    posted: list[dict[str, Any]] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    address: str = ""


def _metadata(header: str) -> dict[str, str]:
    pairs = [part.split(" ") for part in header.split(",") if part]
    return {pair[0]: base64.b64decode(pair[1]).decode() if len(pair) > 1 else "" for pair in pairs}


def _handler(showcase: Showcase) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

        def answer(
            self, status: int, body: bytes = b"", kind: str = "text/html; charset=utf-8", **headers: object
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", content_policy())
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), str(value))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def answer_json(self, document: object) -> None:
            self.answer(200, json.dumps(document).encode(), "application/json")

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def upload(self) -> Upload:
            return showcase.uploads[self.path.split("/")[2]]

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path in showcase.pages:
                self.answer(200, showcase.pages[path]().encode())
            elif path in showcase.pictures:
                self.answer(200, showcase.pictures[path], "image/png")
            elif path.startswith("/static/") and (STATIC / path[8:]).is_file():
                self.answer(200, (STATIC / path[8:]).read_bytes(), guess_type(path)[0] or "application/octet-stream")
            elif path.endswith("/result/"):
                dark = "dark" in self.upload().metadata["filename"]
                message = "Too dark: switch on the light and take it again." if dark else ""
                usable = "soft" not in self.upload().metadata["filename"]
                state = "rejected" if dark else "accepted" if usable else "not_good_enough"
                self.answer_json({"state": state, "message": message})
            else:
                self.answer(404)

        def do_HEAD(self) -> None:
            upload = self.upload()
            self.answer(200, Upload_Offset=len(upload.received), Upload_Length=upload.length, Tus_Resumable="1.0.0")

        def do_POST(self) -> None:
            body = self.body()
            if self.path == "/uploads/":
                key = uuid.uuid4().hex
                metadata = _metadata(self.headers["Upload-Metadata"])
                drops = 1 if metadata["filename"].startswith("drop") else 0
                showcase.uploads[key] = Upload(int(self.headers["Upload-Length"]), metadata, drops=drops)
                self.answer(201, Location=f"/uploads/{key}/", Tus_Resumable="1.0.0")
            elif self.path == "/outlines/":
                showcase.posted.append(json.loads(body))
                self.answer_json({})
            else:
                showcase.forms.append(self.path)
                self.answer(200, b"<!doctype html><title>sent</title>")

        def do_PATCH(self) -> None:
            upload = self.upload()
            body = self.body()
            if upload.drops and upload.received:
                upload.drops -= 1
                self.close_connection = True
                return
            upload.received += body
            self.answer(204, Upload_Offset=len(upload.received), Tus_Resumable="1.0.0")

    return Handler


@contextmanager
def serve(showcase: Showcase) -> Iterator[Showcase]:
    """The showcase on a free port of this machine, as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(showcase))
    server.daemon_threads = True
    showcase.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield showcase
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
