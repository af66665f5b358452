"""Dates read alike whether a page names the form or leaves it to the language; a clock has 24 hours."""

from __future__ import annotations

from datetime import date, datetime

from django.template import Context, Template
from django.utils import translation
from django.utils.formats import date_format


def test_english_dates_are_those_of_the_pages():
    moment = Context({"at": datetime(2026, 11, 20, 23, 29)})  # noqa: DTZ001 - only its words are looked at
    assert Template("{{ at|date:'DATETIME_FORMAT' }}").render(moment) == "20 Nov 2026, 23:29"
    assert date_format(date(2027, 2, 19)) == "19 February 2027"


def test_other_languages_keep_their_own():
    with translation.override("de"):
        assert date_format(date(2027, 2, 19)) == "19. Februar 2027"
