"""Requests that leave the portal for an address somebody typed: https only, to public addresses only, without detours.

A name is resolved once; every address it has must be public, and the connection goes to the very address that was
checked. So a name that changes its mind between check and connection reaches nothing inside. No redirect is followed.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import urllib3
from django.utils.translation import gettext as _

from accounts.errors import Invalid

TIMEOUT_S: Final = 10
_READ_BYTES: Final = 1024
_TRANSLATED: Final = tuple(
    ipaddress.ip_network(block) for block in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""IPv6 blocks that carry an IPv4 address inside (NAT64, 6to4, Teredo): a way round, so all of them are refused."""


class Unreachable(Exception):
    """Nothing was delivered. ``code`` says why, for the log of deliveries."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the parts of an https address."""

    host: str
    port: int
    path: str


Resolve = Callable[[str, int], Sequence[str]]
"""A name and port to its addresses. Raises OSError."""

Send = Callable[[Target, str, bytes, Mapping[str, str]], int]
"""Posts a body to one address of a target; gives the status. Raises OSError."""


def target_of(url: str) -> Target:
    """The parts of ``url``. Raises Invalid for what is no https address of a host with a name or a public address."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or 443
    except ValueError:
        raise Invalid("address_refused", _("This is not an address. Write it as https://example.org/path.")) from None
    if parts.scheme != "https" or not parts.hostname:
        raise Invalid("address_refused", _("The address has to begin with https://."))
    if parts.username or parts.password or parts.fragment:
        raise Invalid("address_refused", _("Leave names, passwords and # out of the address."))
    host = parts.hostname.rstrip(".").encode("idna").decode() if parts.hostname.isascii() is False else parts.hostname
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port, path)


def is_public(address: str) -> bool:
    """Whether an IP address lies on the open internet: not private, shared, local, reserved, or a way round to one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif any(found in block for block in _TRANSLATED):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def public_address(target: Target, resolve: Resolve) -> str:
    """One address of the target, after all of them were found public. Raises Unreachable."""
    try:
        found = list(resolve(target.host, target.port))
    except (OSError, UnicodeError) as error:
        raise Unreachable("unknown_host") from error
    if not found:
        raise Unreachable("unknown_host")
    if not all(is_public(address) for address in found):
        raise Unreachable("private_address")
    return found[0]


def check_reachable(url: str, resolve: Resolve) -> Target:
    """What can be checked when an address is registered. Raises Invalid."""
    target = target_of(url)
    try:
        public_address(target, resolve)
    except Unreachable as error:
        if error.code == "unknown_host":
            raise Invalid("address_refused", _("This host is not known. Check the address.")) from error
        raise Invalid("address_refused", _("This address lies inside a private network. Use a public one.")) from error
    return target


def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver gives."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def https_send(target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> int:
    """POST to ``address``; the certificate has to be ``target.host``'s. Its answer's body is not kept."""
    name = target.host if target.port == 443 else f"{target.host}:{target.port}"
    pool = urllib3.HTTPSConnectionPool(
        address,
        target.port,
        timeout=urllib3.Timeout(total=TIMEOUT_S),
        maxsize=1,
        retries=False,
        ssl_context=ssl.create_default_context(),
        server_hostname=target.host,
        assert_hostname=target.host,
    )
    with pool:
        try:
            answer = pool.urlopen(
                "POST", target.path, body=body, headers={**headers, "Host": name}, redirect=False, preload_content=False
            )
            with answer:
                answer.read(_READ_BYTES)
                return int(answer.status)
        except urllib3.exceptions.HTTPError as error:
            raise OSError(type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class Transport:
    """How requests leave. Tests bring their own resolver and connector."""

    resolve: Resolve = system_resolve
    send: Send = https_send

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Check the address anew, then post to it. Returns the status. Raises Unreachable."""
        try:
            target = target_of(url)
        except Invalid as error:
            raise Unreachable("address_refused") from error
        address = public_address(target, self.resolve)
        try:
            return self.send(target, address, body, headers)
        except OSError as error:
            raise Unreachable("no_answer") from error
