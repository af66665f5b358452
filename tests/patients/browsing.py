"""A page as a person reads it, and the answers of an ordinary intake: what tests of patients' pages share."""

from __future__ import annotations

from django.urls import reverse


def page(client, name, *args, **query):
    answer = client.get(reverse(f"patients:{name}", args=args), query)
    assert answer.status_code == 200, (name, answer.status_code)
    return " ".join(answer.content.decode().split())


INTAKE = {
    "sex_at_birth": "female",
    "duration": "1_to_5_years",
    "course": "gradual",
    "symptoms": ["itch"],
    "takes_medicine": "yes",
    "medications": "Minoxidil 5 %\nIron 50 mg",
    "has_allergies": "no",
    "pregnancy": "no",
    "conditions": ["none"],
}
