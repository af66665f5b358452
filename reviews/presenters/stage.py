"""The photograph in the middle of the screen: sources, layers, outlines and scale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from analysis.models import Finding, PhotoResult
from patients.models import Photo
from patients.presenters.capture import quality_hints
from patients.services.renditions import STEPS
from reviews.decisions import CaseState, Verdict, second_take
from reviews.models import ManualScale
from reviews.own_regions import RegionNow
from reviews.services.rescaling import wants_measuring
from reviews.wording import OVERLAYS, number, numbered, title, view_name
from vision.types import ImageKind, View

SHOWN_OVERLAYS = tuple(ImageKind(kind) for kind in OVERLAYS)
LEGENDS = {ImageKind.DENSITY: "map", ImageKind.OVERLAY: "classes", ImageKind.HAIRS: "hairs"}


@dataclass(frozen=True, slots=True)
class Overlay:
    """A derived picture that can be laid over the photograph."""

    key: str
    label: str
    url: str
    legend: str = ""  # which key of colours it has: map, classes or hairs


@dataclass(frozen=True, slots=True)
class SecondTake:
    """The same view taken again in the same sitting: shown beside the first, never read or measured for the report."""

    first_url: str
    url: str  # of a size for looking side by side
    whole_url: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """The photograph in the middle of the screen."""

    photo: Photo
    name: str
    url: str
    sources: list[dict[str, Any]]  # the same picture in rising sizes: {url, width, height}
    overlays: tuple[Overlay, ...]
    outlines: dict[str, Any]
    outlines_url: str  # where changes go; empty: read-only
    quality_failures: tuple[str, ...]
    scale: str  # pixels per millimetre in words; empty without a scale
    scale_note: str  # where it comes from
    scaled_by_hand: bool
    quality_hints: tuple[str, ...] = ()  # what the gate noticed though it let the photograph pass
    measure_again: bool = False  # a scale was set by hand that the numbers of the networks do not know yet
    second_take: SecondTake | None = None
    blind: bool = False  # the holder draws what they see before the findings open

    @property
    def outlines_json(self) -> str:
        """The shapes for the script that draws them."""
        return json.dumps(self.outlines)

    @property
    def sources_json(self) -> str:
        """The sizes for the script that loads them."""
        return json.dumps(self.sources)

    @property
    def first_url(self) -> str:
        """The smallest size: what shows until the stage is there."""
        return str(self.sources[0]["url"])

    @property
    def label(self) -> str:
        """The name of the stage among the landmarks of the page."""
        return _("Photograph: %(view)s") % {"view": self.name}


def stage_of(
    state: CaseState, photo: Photo, results: Mapping[UUID, PhotoResult], *, editable: bool, hidden: bool = False
) -> Stage:
    """The stage for one photograph of the case. ``hidden``: findings and derived pictures are not open yet."""
    review = state.review
    items = [
        _outline(photo, finding, at, state, editable=editable)
        for at, finding in enumerate(state.findings, 1)
        if finding.kind == Finding.Kind.REGION and finding.photo_id == photo.pk
    ]
    items += [
        _own_outline(photo, region, at, editable=editable)
        for at, region in enumerate(state.own, len(state.findings) + 1)
        if region.photo.pk == photo.pk
    ]
    scale = state.scales.get(photo.pk)
    found = scale.px_per_mm if scale else photo.px_per_mm
    return Stage(
        photo=photo,
        name=numbered(view_name(photo.view, photo.site), photo, state.photos),
        url=reverse("patients:photo", args=[photo.pk]),
        sources=picture_sources(photo),
        overlays=() if hidden else _overlays(results.get(photo.pk)),
        outlines={"width": photo.width_px, "height": photo.height_px, "items": items},
        outlines_url=reverse("reviews:outlines", args=[review.pk, photo.pk]) if editable else "",
        quality_failures=tuple(
            str(check["check"]).replace("_", " ")
            for check in photo.quality.get("checks", ())
            if not check.get("passed", True) and check.get("refuses", True)
        ),
        quality_hints=tuple(str(hint.problem) for hint in quality_hints(photo)),
        scale=_("%(scale)s px/mm") % {"scale": number(found)} if found else "",
        scale_note=_scale_note(photo, scale),
        scaled_by_hand=scale is not None,
        measure_again=editable and scale is not None and wants_measuring(review, {photo.pk: scale.px_per_mm}),
        second_take=second_take_beside(photo),
    )


def second_take_beside(photo: Photo) -> SecondTake | None:
    """What stands under the stage when the view was taken twice in one sitting."""
    again = second_take(photo)
    if again is None:
        return None
    return SecondTake(
        first_url=str(picture_sources(photo)[0]["url"]),
        url=str(picture_sources(again)[0]["url"]),
        whole_url=reverse("patients:photo", args=[again.pk]),
        taken_at=again.created_at,
    )


def picture_sources(photo: Photo) -> list[dict[str, Any]]:
    """The picture in rising sizes, so that the stage loads no more than it shows."""
    whole = max(photo.width_px, photo.height_px)
    sizes = [(edge, reverse("patients:picture", args=[photo.pk, edge])) for edge in STEPS if edge < whole]
    return [
        *(
            {
                "url": url,
                "width": max(1, round(photo.width_px * edge / whole)),
                "height": max(1, round(photo.height_px * edge / whole)),
            }
            for edge, url in sizes
        ),
        {"url": reverse("patients:photo", args=[photo.pk]), "width": photo.width_px, "height": photo.height_px},
    ]


def _scale_note(photo: Photo, scale: ManualScale | None) -> str:
    if scale is not None:
        return _("two points %(length)s mm apart, set by %(name)s on %(day)s") % {
            "length": number(scale.length_mm),
            "name": scale.set_by.display_name,
            "day": date_format(timezone.localtime(scale.set_at), "j M Y"),
        }
    if not photo.px_per_mm:
        return ""
    if photo.view != View.TRICHOSCOPY:
        return _("from the card in the picture")
    told: dict[str, Any] = photo.capture.get("scale", {})
    if told.get("by") == "bar":
        return _("from the bar of %(length)s mm in the picture") % {"length": number(told["bar_mm"])}
    if "trichoscope" in told:
        return _("of the trichoscope “%(name)s”") % {"name": told["trichoscope"]}
    return _("of the clinic's trichoscope")


def _overlays(result: PhotoResult | None) -> tuple[Overlay, ...]:
    if result is None:
        return ()
    images = {image.kind: image for image in result.images.all()}
    return tuple(
        Overlay(
            key=kind.value,
            label=str(OVERLAYS[kind]),
            url=reverse("analysis:derived", args=[images[kind.value].pk]),
            legend=LEGENDS.get(kind, ""),
        )
        for kind in SHOWN_OVERLAYS
        if kind.value in images
    )


def _outline(photo: Photo, finding: Finding, at: int, state: CaseState, *, editable: bool) -> dict[str, Any]:
    """A region of the models as the stage draws it, in pixels of the photograph."""
    decision = state.decided.get(finding.pk)
    corrected = decision.corrected if decision and decision.verdict == Verdict.CORRECTED else None
    payload = corrected or finding.payload
    return {
        "id": str(finding.pk),
        "type": "polygon",
        "polygon": [[x * photo.width_px, y * photo.height_px] for x, y in payload["polygon"]],
        "state": decision.verdict if decision else "proposed",
        "label": title(finding.kind, finding.code, payload),
        "number": at,
        "editable": editable,
    }


def _own_outline(photo: Photo, region: RegionNow, at: int, *, editable: bool) -> dict[str, Any]:
    """A region of the clinician as the stage draws it."""
    return {
        "id": str(region.region_id),
        "type": "polygon",
        "polygon": [[x * photo.width_px, y * photo.height_px] for x, y in region.polygon],
        "state": "own",
        "label": title("region", region.kind, region.payload),
        "number": at,
        "editable": editable,
        "own": True,
    }
