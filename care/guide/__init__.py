"""What patients read about photographs, AI and doctors (C9): the portal's wording as data, and its frozen copies. Pure.

A clinician of each clinic approves a page; what was approved is frozen as :func:`to_dict` gives it, so that a new
wording that comes with the portal waits for its own approval. Texts are kept in the source language and translated when
shown.
"""

from care.guide.blocks import Block, Page, PageText, Section, digest_of, to_dict, translated
from care.guide.content import page_text

__all__ = ["Block", "Page", "PageText", "Section", "digest_of", "page_text", "to_dict", "translated"]
