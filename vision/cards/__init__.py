"""Model cards: ``python -m vision card RELEASE`` measures a release again, writes its card, and the index of all cards.

A card has three parts with three makers: the figures (from the evaluation, on the research pictures), the text (one
function per task, with no number typed by hand), and examples, which are drawn: pictures of people may not ship.
"""

from vision.cards.command import main, write_card
from vision.cards.index import write_index

__all__ = ["main", "write_card", "write_index"]
