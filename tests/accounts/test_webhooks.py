"""Webhooks: who is told, signed how, tried how often, and what the portal never connects to."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import Request, urlopen

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts import notify, outbound, webhooks
from accounts.errors import DomainError, Invalid
from accounts.models import AuditEvent, Notification, WebhookDelivery, WebhookEndpoint
from accounts.outbound import Target, Transport, Unreachable, is_public
from accounts.roles import Role
from accounts.webhooks import PATIENCE, PAUSES, Event
from analysis.services import submit_session
from tests.factories.patients import (
    actor_for,
    holder_actor,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    signed_in,
)

pytestmark = pytest.mark.django_db
PUBLIC = "93.184.215.14"


class Receiver(BaseHTTPRequestHandler):
    """A clinic's own system: keeps what it was sent and answers as it was told to."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "http://127.0.0.1/elsewhere")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def receiver():
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def transport_to(server) -> Transport:
    """Public as far as the portal can see, and led to the test's own server."""

    def send(target: Target, address: str, body: bytes, headers) -> int:
        assert address == PUBLIC, "the portal connects to the address that it checked"
        request = Request(f"http://127.0.0.1:{server.server_port}{target.path}", body, dict(headers), method="POST")
        with urlopen(request, timeout=5) as answer:
            return answer.status

    return Transport(resolve=lambda host, port: [PUBLIC], send=send)


def endpoint_of(clinic, *events: Event):
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    endpoint, secret = webhooks.register_endpoint(
        actor=administrator,
        url="https://his.example.org/hook?x=1",
        events=events or list(Event),
        now=timezone.now(),
        transport=Transport(resolve=lambda host, port: [PUBLIC]),
    )
    return administrator, endpoint, secret


def test_a_submitted_case_is_told_by_ids_signed_once(receiver):
    patient = make_patient(make_clinic())
    _administrator, _endpoint, secret = endpoint_of(patient.clinic)
    session = make_session(patient)
    submit_session(actor=holder_actor(patient), session_id=session.pk, now=timezone.now())
    row = WebhookDelivery.objects.get()
    now, transport = timezone.now(), transport_to(receiver)
    assert webhooks.deliver(row.pk, now=now, transport=transport)
    assert not webhooks.deliver(row.pk, now=now, transport=transport)
    [(path, headers, body)] = receiver.got
    assert path == "/hook?x=1"
    told = Webhook(secret).verify(body, headers)
    assert told["type"] == "case.submitted"
    assert told["data"] == {
        "clinic": str(patient.clinic_id), "patient": str(patient.pk), "session": str(session.pk),
    }  # fmt: skip
    assert b"Mira" not in body
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"case.submitted", b"case.rejected!"), headers)
    row.refresh_from_db()
    assert (row.status, row.attempts, row.last_status_code) == ("delivered", 1, 204)


def test_only_the_clinics_own_and_only_what_was_asked_for():
    clinic, other = make_clinic(), make_clinic("Elsewhere")
    endpoint_of(clinic, Event.REPORT_SIGNED)
    endpoint_of(other)
    webhooks.announce(clinic_id=clinic.pk, event=Event.CASE_SUBMITTED, ids={}, now=timezone.now())
    assert not WebhookDelivery.objects.exists()
    webhooks.announce(clinic_id=clinic.pk, event=Event.REPORT_SIGNED, ids={"report": None}, now=timezone.now())
    assert WebhookDelivery.objects.get().endpoint.clinic_id == clinic.pk


def test_what_does_not_arrive_is_tried_again_and_given_up_at_last(receiver):
    administrator, endpoint, _secret = endpoint_of(make_clinic())
    now = timezone.now()
    row = webhooks.send_ping(actor=administrator, endpoint_id=endpoint.pk, now=now)
    receiver.answers = [500] * 20

    def send(target, address, body, headers):
        return 500

    broken = Transport(resolve=lambda host, port: [PUBLIC], send=send)
    for pause in PAUSES:
        assert not webhooks.deliver(row.pk, now=now, transport=broken)
        row.refresh_from_db()
        assert (row.status, row.next_attempt_at) == ("waiting", now + pause)
        assert not webhooks.deliver(row.pk, now=now, transport=broken), "not before its time"
        WebhookEndpoint.objects.update(failing_since=now)
        now += pause
    webhooks.deliver(row.pk, now=now, transport=broken)
    row.refresh_from_db()
    assert (row.status, row.attempts, row.last_status_code) == ("failed", len(PAUSES) + 1, 500)


def test_an_endpoint_that_fails_for_days_is_switched_off_and_the_administrator_told():
    administrator, endpoint, _secret = endpoint_of(make_clinic())
    now = timezone.now()
    row = webhooks.send_ping(actor=administrator, endpoint_id=endpoint.pk, now=now)

    def send(*_arguments):
        raise OSError("refused")

    broken = Transport(resolve=lambda host, port: [PUBLIC], send=send)
    webhooks.deliver(row.pk, now=now, transport=broken)
    later = now + PATIENCE + timedelta(minutes=1)
    webhooks.deliver(row.pk, now=later, transport=broken)
    endpoint.refresh_from_db()
    assert endpoint.off == WebhookEndpoint.Off.FAILING
    told = Notification.objects.get(kind="webhook_off")
    assert told.recipient_id == administrator.user_id
    notify.deliver(told.pk, now=later)
    assert "his.example.org" not in mail.outbox[0].body
    assert webhooks.waiting_ids(now=later + timedelta(days=1)) == []
    with pytest.raises(DomainError, match="switched off"):
        webhooks.send_ping(actor=administrator, endpoint_id=endpoint.pk, now=later)
    webhooks.switch_endpoint(actor=administrator, endpoint_id=endpoint.pk, on=True, now=later)
    assert webhooks.waiting_ids(now=later + timedelta(days=1)) == [row.pk]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254", "not an address",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused_when_registered_and_when_connecting(address):
    assert not is_public(address)
    clinic = make_clinic()
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    inside = Transport(resolve=lambda host, port: [PUBLIC, address])
    with pytest.raises(Invalid, match="private network"):
        webhooks.register_endpoint(
            actor=administrator, url="https://his.example.org/", events=[Event.REPORT_SIGNED], now=timezone.now(),
            transport=inside,
        )  # fmt: skip

    def never(*_arguments):
        raise AssertionError("the portal connected")

    with pytest.raises(Unreachable, match="private_address"):
        Transport(resolve=lambda host, port: [address], send=never).post("https://his.example.org/", b"", {})


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_on_the_open_internet_are_allowed(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://his.example.org/", "https://", "ftp://his.example.org/", "https://user:pass@his.example.org/",
        "https://his.example.org/#x", "https://his.example.org:99999/", "https://127.0.0.1/", "https://[::1]/",
        "https://localhost/", "https://169.254.169.254/latest/meta-data/", "https://2130706433/", "https://0x7f000001/",
    ],
)  # fmt: skip
def test_what_is_no_public_https_address_is_refused(url, monkeypatch):
    numbers = {"localhost": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f000001": "127.0.0.1"}
    with pytest.raises(Invalid):
        outbound.check_reachable(url, lambda host, port: [numbers.get(host, host)])


def test_a_redirect_is_a_failure_and_is_not_followed(receiver):
    """The real connector, against a local server that redirects; only encryption is left out."""
    import urllib3

    pool = urllib3.HTTPConnectionPool("127.0.0.1", receiver.server_port)
    receiver.answers = [302]
    calls = []

    class Plain:
        def __new__(cls, address, port, **options):
            calls.append((address, options["server_hostname"], options["assert_hostname"], options["retries"]))
            return pool

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound.urllib3, "HTTPSConnectionPool", Plain)
        status = outbound.https_send(Target("his.example.org", 443, "/hook"), PUBLIC, b"{}", {"webhook-id": "x"})
    assert status == 302
    assert calls == [(PUBLIC, "his.example.org", "his.example.org", False)]
    assert [(path, headers["Host"]) for path, headers, _body in receiver.got] == [("/hook", "his.example.org")]


def test_the_secret_is_shown_once_and_stored_sealed(monkeypatch):
    clinic = make_clinic()
    client = signed_in(make_staff(Role.ADMINISTRATOR, clinic).user)
    monkeypatch.setattr("accounts.outbound.system_resolve", lambda host, port: [PUBLIC])
    monkeypatch.setattr(webhooks, "Transport", lambda: Transport(resolve=lambda host, port: [PUBLIC]))
    answer = client.post(
        reverse("accounts:webhooks"),
        {"url": "https://his.example.org/", "events": ["report.signed"], "description": ""},
    )
    endpoint = WebhookEndpoint.objects.select_related("clinic").get()
    assert endpoint.secret in answer.content.decode()
    again = client.get(reverse("accounts:webhook", args=[endpoint.pk]))
    assert endpoint.secret not in again.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("select secret from accounts_webhookendpoint")
        assert endpoint.secret not in cursor.fetchone()[0]
    assert AuditEvent.objects.filter(action="webhook.registered", subject_id=str(endpoint.pk)).exists()
    body = client.get(reverse("api-webhook", args=[endpoint.pk])).json()
    assert "secret" not in body
    renewed = client.post(reverse("api-webhook-secret", args=[endpoint.pk])).json()["secret"]
    endpoint.refresh_from_db()
    assert renewed == WebhookEndpoint.objects.select_related("clinic").get().secret


def test_an_address_inside_is_refused_on_the_page_with_a_reason():
    client = signed_in(make_staff(Role.ADMINISTRATOR, make_clinic()).user)
    answer = client.post(
        reverse("accounts:webhooks"), {"url": "https://127.0.0.1/", "events": ["report.signed"], "description": ""}
    )
    assert answer.status_code == 422
    assert "private network" in answer.content.decode()
    assert json.loads(
        client.post(
            reverse("api-webhooks"), {"url": "https://127.0.0.1/", "events": ["report.signed"]}, "application/json"
        ).content
    )["error"]["code"] == "address_refused"  # fmt: skip


def test_old_messages_are_forgotten():
    administrator, endpoint, _secret = endpoint_of(make_clinic())
    row = webhooks.send_ping(actor=administrator, endpoint_id=endpoint.pk, now=timezone.now())
    webhooks.forget_old(now=timezone.now())
    assert WebhookDelivery.objects.filter(pk=row.pk).exists()
    webhooks.forget_old(now=timezone.now() + webhooks.LOG_LIFE + timedelta(minutes=1))
    assert not WebhookDelivery.objects.exists()
