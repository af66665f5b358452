"""Every template keeps to the content policy and to the house's components."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def is_page(path: Path) -> bool:
    """Whether the portal serves it: printed reports, e-mails and the pages of an export are documents of their own."""
    return not {"print", "email"} & set(path.parts) and "archive" not in path.name


PAGES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if is_page(path))


def without_comments(text: str) -> str:
    return re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", text, flags=re.S)


@pytest.mark.parametrize("name", PAGES)
def test_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_template_has_no_inline_script_or_style(name: str) -> None:
    text = without_comments((TEMPLATES / name).read_text())
    assert re.findall(r"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|\shx-on\b|javascript:", text) == []
    scripts = re.findall(r"<script\b[^>]*>", text)
    assert [tag for tag in scripts if " src=" not in tag and "application/json" not in tag] == []
    assert re.findall(r"hx-(?:vals|headers)\s*=\s*[\"']js:", text) == []
    assert re.findall(r"hx-trigger\s*=\s*[\"'][^\"']*\[", text) == [], "trigger filters need eval"


@pytest.mark.parametrize("name", PAGES)
def test_template_loads_nothing_from_another_host(name: str) -> None:
    text = without_comments((TEMPLATES / name).read_text())
    assert re.findall(r"(?:src|srcset)\s*=\s*[\"'](?:https?:)?//", text) == []
    assert re.findall(r"<link\b[^>]*href\s*=\s*[\"'](?:https?:)?//", text) == []


@pytest.mark.parametrize("name", PAGES)
def test_template_uses_logical_sides(name: str) -> None:
    """Utilities that name left or right would point the wrong way in a right-to-left script."""
    classes = " ".join(re.findall(r'class="([^"]*)"', (TEMPLATES / name).read_text()))
    assert re.findall(r"\b(?:text-left|text-right|float-left|float-right|ml-\d|mr-\d|pl-\d|pr-\d)\b", classes) == []


def test_styles_use_logical_sides() -> None:
    sheets = (TEMPLATES.parent / "static" / "css").glob("*.scss")
    physical = r"^\s*(?:margin|padding|border)-(?:left|right)|^\s*(?:left|right)\s*:|text-align:\s*(?:left|right)"
    found = {sheet.name: re.findall(physical, sheet.read_text(), re.M) for sheet in sheets}
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize("code", [400, 403, 404, 413, 429, 500])
def test_error_page_says_what_to_do_next(code: int) -> None:
    page = render_to_string(f"{code}.html", request=RequestFactory().get("/"))
    assert f"Error {code}" in page
    assert 'href="/"' in page
    assert page.count("<h1") == 1


def test_server_error_page_renders_without_a_request() -> None:
    """Django renders it outside the request when everything else has failed."""
    assert "Something went wrong on our side" in render_to_string("500.html")


def render(name: str, **context: object) -> str:
    return re.sub(r"\s+", " ", render_to_string(f"_components/{name}.html", context))


def test_metric_without_a_number_says_why() -> None:
    page = render("metric", label="Hair density", reason="no scale on the photograph")
    assert "Not measurable" in page
    assert "because no scale on the photograph" in page


def test_metric_shows_its_interval() -> None:
    page = render("metric", label="Coverage", value="71", unit="%", low="67", high="75")
    assert "71" in page
    assert "likely 67 to 75" in page


@pytest.mark.parametrize(
    ("state", "words"), [("queued", "Waiting"), ("not_consented", "No consent for AI"), ("urgent", "Urgent")]
)
def test_status_badge_has_words_and_an_icon_beside_its_colour(state: str, words: str) -> None:
    page = render("status_badge", state=state)
    assert words in page
    assert "<svg" in page


def test_status_badge_prefers_the_given_label() -> None:
    assert "Due on Friday" in render("status_badge", state="due", label="Due on Friday")


def test_empty_value_reads_not_given() -> None:
    page = render("key_value", items=[{"label": "Allergies", "value": ""}, {"label": "Children", "value": 0}])
    assert "not given" in page
    assert "<dd>0</dd>" in page


def test_progress_without_a_count_is_indeterminate() -> None:
    assert " value=" not in render("progress", label="Waiting for a free worker")
    assert 'value="2" max="6"' in render("progress", label="Analysing", value=2, max=6)


def test_upload_form_works_without_scripts() -> None:
    page = render("upload", action="/photos/", endpoint="/uploads/", session_id="s1", view="crown", max_bytes=50)
    assert 'method="post" enctype="multipart/form-data" action="/photos/"' in page
    assert 'name="session" value="s1"' in page
    assert 'type="submit"' in page
