"""Keys of the demo: made once with the system's random source into a private, ignored file. Never for a clinic."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoKeys:
    """``master_keys`` in the form of ``TRICHORA_MASTER_KEYS``; its id starts with ``demo`` so production refuses it."""

    secret_key: str
    master_keys: str
    index_key: str


def load_or_make_keys(path: Path) -> DemoKeys:
    """Read the demo's keys, or make them when there are none. Two processes that start together agree on one file."""
    try:
        return DemoKeys(**json.loads(path.read_text()))
    except FileNotFoundError:
        pass
    keys = DemoKeys(
        secret_key=secrets.token_urlsafe(50),
        master_keys="demo1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        index_key=base64.b64encode(secrets.token_bytes(32)).decode(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(asdict(keys), stream)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return DemoKeys(**json.loads(path.read_text()))
