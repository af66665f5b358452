"""The house rules that a linter cannot hold."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from accounts.privacy import Category, OnErasure, registered

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("vault", "accounts", "patients", "analysis", "reviews", "reports", "care")


def attributes(path: Path) -> set[str]:
    return {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("name", ["views.py", "api.py"])
@pytest.mark.parametrize("room", ROOMS)
def test_views_never_query_models(room, name):
    for path in [*ROOT.glob(f"{room}/{name[:-3]}*.py"), *ROOT.glob(f"{room}/{name[:-3]}/*.py")]:
        assert "objects" not in attributes(path), f"{path.name} of {room} queries a model: use a selector or a service"


@pytest.mark.parametrize("room", ROOMS)
def test_services_do_not_read_the_clock(room):
    for path in [*ROOT.glob(f"{room}/services.py"), *ROOT.glob(f"{room}/services/*.py")]:
        source = path.read_text()
        assert "timezone.now(" not in source, f"{path} reads the clock: take now as an argument"
        assert "datetime.now(" not in source, f"{path} reads the clock: take now as an argument"


def test_every_field_declares_what_becomes_of_it():
    rooms = registered()
    missing, unknown = [], []
    for room in ROOMS[1:]:
        declared = set(rooms[room].fields)
        real = {f"{m.__name__}.{f.name}" for m in apps.get_app_config(room).get_models() for f in m._meta.local_fields}
        real |= {
            f"{m.__name__}.{f.name}" for m in apps.get_app_config(room).get_models() for f in m._meta.local_many_to_many
        }
        missing += sorted(real - declared)
        unknown += sorted(declared - real)
    assert not missing, "declare in the room's privacy rules"
    assert not unknown, "declared, but there is no such field"


def test_what_is_kept_about_a_person_says_why():
    for room in registered().values():
        for name, rule in room.fields.items():
            personal = rule.category not in (Category.REFERENCE, Category.LINK)
            if personal and rule.on_erasure is not OnErasure.ERASE:
                assert rule.reason, f"{room.room}: {name} is kept without a reason"


def test_a_web_process_never_loads_a_network():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings.test'; import config.wsgi;"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        "heavy = {'torch', 'openvino', 'ultralytics', 'timm', 'weasyprint', 'scipy.optimize', 'scipy.stats'};"
        "loaded = heavy & set(sys.modules);"
        "sys.exit(str(sorted(loaded)) if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_task_is_never_redelivered_while_it_may_still_run():
    clusters = [settings.Q_CLUSTER, *settings.Q_CLUSTER["ALT_CLUSTERS"].values()]
    assert all(cluster["retry"] >= cluster["timeout"] + 120 for cluster in clusters)
    assert settings.ANALYSIS_LEASE_S < settings.TASK_TIMEOUT_S


def test_production_refuses_missing_and_demo_keys():
    environment = {
        "PATH": os.environ["PATH"],
        "TRICHORA_SECRET_KEY": "s" * 60,
        "TRICHORA_HOSTS": "portal.example.org",
        "TRICHORA_ORIGIN": "https://portal.example.org",
        "TRICHORA_DATABASE": "postgres://a@b/c",
        "TRICHORA_KEY_STORE": "postgres://a@b/d",
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    for master in ("", "demo1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="):
        run = subprocess.run(
            command, cwd=ROOT, env={**environment, "TRICHORA_MASTER_KEYS": master}, capture_output=True, text=True
        )
        assert run.returncode != 0
        assert "key" in run.stderr.lower()
