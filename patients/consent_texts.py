"""The wording a new clinic starts with, one text per purpose. An administrator may publish newer versions.

Plain and honest: what is done with the photographs, by whom, for how long, and what refusing means. Pure data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from patients.models import Purpose


@dataclass(frozen=True, slots=True)
class Wording:
    """Title and body of a text; the body is plain text in paragraphs."""

    title: str
    body: str


DEFAULT_TEXTS: Final[Mapping[Purpose, Wording]] = {
    Purpose.CARE: Wording(
        "Care by the clinic",
        "The clinic keeps your photographs, your answers about your health, and what its clinicians write, in order "
        "to advise and treat you. Dermatologists and trichologists of this clinic can read them; every reading is "
        "recorded, and you can see the record at any time.\n\n"
        "Your data is encrypted in transit and at rest, under a key that the clinic keeps for your record alone. The "
        "clinic's computers decrypt it while they work with it, or while somebody who is allowed to reads it.\n\n"
        "The clinic cannot care for you here without this consent. You may withdraw it at any time: no new session "
        "can then be started. Signed reports are kept as long as the law asks of medical records; for everything "
        "else you may ask for erasure.",
    ),
    Purpose.AI_ANALYSIS: Wording(
        "Measurement by AI models",
        "Computer models run by the clinic measure what your photographs show, such as the share of scalp that is "
        "thinner. The models are for research use, not approved medical devices, and they make mistakes.\n\n"
        "No result reaches you before a clinician has checked it: what you read is what the clinician accepted or "
        "corrected. Your photographs are not sent to anybody else for this.\n\n"
        "You may refuse. A clinician then looks at your photographs without any measurement, and your care is "
        "otherwise the same. If you withdraw later, measuring that has not begun is stopped.",
    ),
    Purpose.SHARING: Wording(
        "A second opinion inside the clinic",
        "If your clinician wants a second opinion, a named colleague of the same clinic may read this case as well. "
        "You can see in your access record who it was.\n\n"
        "You may refuse: then only the clinician who takes your case, and whoever follows when they are away, reads "
        "it.",
    ),
    Purpose.MODEL_IMPROVEMENT: Wording(
        "Improving the models",
        "Photographs and the clinicians' corrections, without your name, may be used to train and test the models of "
        "this portal. Faces cannot be removed from every picture, so a photograph can never be made fully "
        "anonymous.\n\n"
        "You may refuse, and nothing else changes. If you withdraw, your photographs are left out of every later "
        "training; what a model learned before cannot be taken out of it. Photographs of children are never used.",
    ),
    Purpose.RESEARCH: Wording(
        "Research",
        "The clinic may use your data, without your name, in studies about hair and scalp that an ethics committee has "
        "approved. Results are published only in a form that does not show who you are.\n\n"
        "You may refuse, and nothing else changes. If you withdraw, no new study uses your data. Data of children is "
        "never used.",
    ),
}
