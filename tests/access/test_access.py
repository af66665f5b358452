"""Who reaches what: every address of the portal × everybody who might try it, from the tables of the rooms.

An address that is missing from the tables fails the test, and so does one that is in a table and no longer exists.
"""

from __future__ import annotations

import base64
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar

from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.test import Client, TestCase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access import tables
from tests.access.rules import Address, May, Who, outcome
from tests.access.world import make_world
from tests.factories.patients import drawn_jpeg, signed_in


def rooms() -> list[ModuleType]:
    """The tables, one module per room."""
    return [
        importlib.import_module(f"{tables.__name__}.{found.name}") for found in pkgutil.iter_modules(tables.__path__)
    ]


TABLE: dict[str, Address] = {name: address for room in rooms() for name, address in room.TABLE.items()}


def portal_addresses() -> Iterator[str]:
    """Names of all our own addresses; the sign-in library's and the API schema's are theirs to test."""

    def walk(resolver: URLResolver, namespace: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
                yield from walk(entry, inner)
            elif isinstance(entry, URLPattern):
                yield f"{namespace}{entry.name}"

    for name in walk(get_resolver(), ""):
        if not name.startswith(("account_", "mfa_")) and name != "api-schema":
            yield name


def test_every_address_is_in_the_table() -> None:
    real = set(portal_addresses())
    assert real - set(TABLE) == set(), "say in the table who may reach these"
    assert set(TABLE) - real == set(), "these addresses no longer exist"


class AccessTest(TestCase):
    databases = {"default", "keys"}
    things: ClassVar[dict[str, Any]]
    sessions: ClassVar[dict[Who, str]]  # of whoever is signed in

    @classmethod
    def setUpTestData(cls) -> None:
        world = make_world()
        cls.things = dict(world.things)
        for room in rooms():
            if hasattr(room, "things"):
                cls.things |= room.things(world)
        cls.sessions = {who: signed_in(user).cookies["sessionid"].value for who, user in world.people.items() if user}

    def setUp(self) -> None:
        self.browsers = {who: Client() for who in Who}

    def thing(self, value: Any) -> Any:
        """``@name`` stands for the id of one of the world's things."""
        return self.things[value[1:]] if isinstance(value, str) and value.startswith("@") else value

    def ask(self, who: Who, name: str, address: Address) -> May:
        """Ask once; whatever it changed is undone."""
        cache.clear()
        client = self.browsers[who]
        client.cookies.clear()  # an address may have ended the session
        if who in self.sessions:
            client.cookies["sessionid"] = self.sessions[who]
        things = [self.things[key] for key in address.args]
        data = {key: self.thing(value) for key, value in (address.data or {}).items()}
        keys = connections["keys"]
        with transaction.atomic(), transaction.atomic(using="keys"):
            if address.method == "tus_create":
                meta = {"session": str(things[0]), "view": "part", "filename": "a.jpg", "filetype": "image/jpeg"}
                header = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in meta.items())
                response = client.post(
                    reverse(name),
                    headers={"Tus-Resumable": "1.0.0", "Upload-Length": "1000", "Upload-Metadata": header},
                    content_type="application/offset+octet-stream",
                )
            elif address.method == "head":
                response = client.head(reverse(name, args=things), headers={"Tus-Resumable": "1.0.0"})
            elif address.files:
                name_of_file = "file" if name.startswith("api-") else "photo"
                picture = SimpleUploadedFile("a.jpg", drawn_jpeg(9), content_type="image/jpeg")
                response = client.post(reverse(name, args=things), {**data, name_of_file: picture})
            elif address.body:
                body = address.body.replace("REGION", str(self.things["region"]))
                response = client.post(reverse(name, args=things), body, content_type="application/json")
            elif address.htmx:
                response = client.get(reverse(name, args=things), headers={"HX-Request": "true"})
            elif address.json:
                response = getattr(client, address.method)(
                    reverse(name, args=things), data or None, content_type="application/json"
                )
            else:
                response = getattr(client, address.method)(reverse(name, args=things), data)
            found = outcome(response)
            if response.streaming:
                response.getvalue()  # a stream that is not read would keep its file open
            transaction.set_rollback(True)
            transaction.set_rollback(True, using=keys.alias)
        return found

    def test_everybody_gets_what_the_table_says(self) -> None:
        wrong = []
        for name, address in TABLE.items():
            for who, expected in address.rule.items():
                try:
                    found = self.ask(who, name, address)
                except AssertionError as error:
                    wrong.append(f"{name}: {who}: {error!r}")
                    continue
                allowed = (May.OK, May.FORBIDDEN) if expected is May.COLLEAGUE else (expected,)
                if found not in allowed:
                    wrong.append(f"{name}: {who} gets “{found}”, the table says “{expected}”")
        assert wrong == [], "\n".join(wrong)
