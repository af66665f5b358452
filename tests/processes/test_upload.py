"""The web process killed in the middle of an upload and started again: the upload goes on where it stopped."""

from __future__ import annotations

import base64
import http.client
import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

from tests.factories.patients import drawn_jpeg
from tests.processes.portal import Portal, wait_for
from tools.with_postgres import free_port

PART = 64 * 1024


class Browser:
    """Cookies, a sign-in by the real form, and requests as the page's script makes them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def sign_in(self, email: str, password: str) -> None:
        address = f"http://127.0.0.1:{self.port}/accounts/login/"
        page = self.opener.open(address, timeout=30).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, "the sign-in page has a form"
        form = {"login": email, "password": password, "csrfmiddlewaretoken": token[1]}
        answer = self.opener.open(address, urllib.parse.urlencode(form).encode(), timeout=30)
        assert "/accounts/login" not in answer.geturl(), "signed in"

    def headers(self) -> dict[str, str]:
        jar = {cookie.name: cookie.value or "" for cookie in self.cookies}
        cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
        return {"Cookie": cookies, "X-CSRFToken": jar["csrftoken"], "Tus-Resumable": "1.0.0"}

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {**self.headers(), **named})
        return connection.getresponse()

    def send_part(self, path: str, offset: int, part: bytes) -> http.client.HTTPResponse:
        return self.ask("PATCH", path, part, Upload_Offset=str(offset), Content_Type="application/offset+octet-stream")


def start_web(portal: Portal, port: int) -> subprocess.Popen[bytes]:
    web = portal.start("web", "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}")
    wait_for("the web to answer", lambda: portal.answers(port) == 200)
    return web


@pytest.fixture
def photo() -> bytes:
    """About half a megabyte that passes the quality gate."""
    return drawn_jpeg(5)


def test_an_upload_goes_on_after_the_web_process_was_killed(portal: Portal, photo: bytes):
    person = portal.act("draft")
    port = free_port()
    web = start_web(portal, port)
    browser = Browser(port)
    browser.sign_in(person["email"], person["password"])

    pairs = {"session": person["session"], "view": "crown", "filename": "top.jpg", "filetype": "image/jpeg"}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items())
    created = browser.ask("POST", "/uploads/", Upload_Length=str(len(photo)), Upload_Metadata=metadata)
    assert created.status == 201, created.read()
    upload = created.headers["Location"]
    assert browser.send_part(upload, 0, photo[:PART]).status == 204

    # The next part is on its way when everything dies.
    half = photo[PART : PART + PART // 2]
    lines = {**browser.headers(), "Host": f"127.0.0.1:{port}", "Upload-Offset": str(PART)}
    lines |= {"Content-Type": "application/offset+octet-stream", "Content-Length": str(PART)}
    head = f"PATCH {upload} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(head.encode() + half)
        wait_for("the part to be received", lambda: list((portal.home / "sealed" / "uploads").rglob("*.part")))
        os.killpg(web.pid, signal.SIGKILL)
    web.wait()
    assert portal.rows("SELECT count(*) FROM patients_photo") == [(0,)], "half a photo is no photo"

    start_web(portal, port)
    standing = browser.ask("HEAD", upload)
    assert (standing.status, standing.headers["Upload-Offset"]) == (200, str(PART)), "what was confirmed is kept"
    for offset in range(PART, len(photo), PART):
        assert browser.send_part(upload, offset, photo[offset : offset + PART]).status == 204
    result = json.loads(browser.ask("GET", f"{upload}result/").read())
    assert result["state"] == "accepted", result["message"]
    assert portal.rows("SELECT count(*) FROM patients_photo") == [(1,)]
    left = list((portal.home / "sealed" / "uploads").rglob("*.sealed"))
    assert not left, "the parts are gone once the photo is kept"
