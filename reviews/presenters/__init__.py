"""View data of the review screen: frozen, in words, shaped for the templates."""

from __future__ import annotations

from reviews.presenters.cards import FindingCard, FindingGroup, OwnCard
from reviews.presenters.stage import Stage, picture_sources
from reviews.presenters.workspace import Workspace, workspace

__all__ = ["FindingCard", "FindingGroup", "OwnCard", "Stage", "Workspace", "picture_sources", "workspace"]
