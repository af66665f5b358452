"""What a form is bound to: everything that was posted, even nothing at all; None when the page is only looked at."""

from __future__ import annotations

from django.http import HttpRequest, QueryDict


def typed(request: HttpRequest) -> QueryDict | None:
    """The posted fields, or None."""
    return request.POST if request.method == "POST" else None
