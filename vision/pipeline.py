"""One photo, from bytes to findings; one session, from photos to its index. Reads like the method section of a paper.

Only workers import this module: it loads networks. Nothing is measured on a photo that failed the quality gate, and
nothing is said about a picture on which the segmentation finds no scalp.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from vision.condition import read_condition
from vision.decode import decode_with_size
from vision.density import CountError
from vision.display import display_views
from vision.encode import LONG_EDGE_PX, fitted
from vision.explain import attention_picture, density_picture, mask_picture, overlay_picture
from vision.explain_hairs import hairs_picture
from vision.lengths import read_lengths
from vision.measure import find_scalp, measure_photo, scalp_problem
from vision.norwood import grade, read_evidence
from vision.quality import check_quality
from vision.regions import detect_regions
from vision.release import Release, list_releases, load_release
from vision.runtime import Backend, Network, open_network
from vision.salt import salt_of
from vision.segment import segment
from vision.severity import severity_of
from vision.trichoscopy import count_field, measure_field, stated_errors
from vision.types import (
    Condition,
    ConditionReading,
    EncodedImage,
    FloatMap,
    HairField,
    Measured,
    Measurement,
    Metric,
    NorwoodEvidence,
    NotMeasurable,
    PhotoAnalysis,
    PhotoContext,
    QualityReport,
    Reason,
    Region,
    RgbImage,
    ScalpMap,
    SessionAnalysis,
    View,
)

SEGMENTATION: Final = "segmentation"
REGIONS: Final = "regions"
CONDITIONS: Final = "conditions"
NORWOOD: Final = "norwood"
HAIRS: Final = "trichoscopy"
TASKS: Final = (SEGMENTATION, REGIONS, CONDITIONS, NORWOOD, HAIRS)
"""The tasks (``Release.task``) whose networks a pipeline is made of."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class LoadedNetwork:
    """A network ready to run, and the release it came from."""

    network: Network
    release: Release


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of one pipeline; None where an administrator switched one off or none has been released."""

    segmenter: LoadedNetwork | None = None
    detector: LoadedNetwork | None = None
    condition: LoadedNetwork | None = None
    norwood: LoadedNetwork | None = None
    hairs: LoadedNetwork | None = None

    @property
    def release_ids(self) -> tuple[str, ...]:
        """Ids of the releases that are switched on, as stored with every finding."""
        loaded = (self.segmenter, self.detector, self.condition, self.norwood, self.hairs)
        return tuple(one.release.id for one in loaded if one is not None)


def load_networks(
    enabled: Mapping[str, str] | None = None, *, backend: Backend | None = "openvino", cache_dir: Path | None = None
) -> Networks:
    """Load the networks that are switched on, each file checked against its recorded sha256.

    ``enabled`` maps a task of :data:`TASKS` to the id of the release to use; a task left out is off. None takes the
    newest release of every task, and leaves out what has none. ``backend`` None: an NVIDIA card where there is one
    (:func:`vision.runtime.best_backend`). Raises ReleaseMissing for an id that is not there,
    ReleaseCorrupt for a changed file, ValueError for an unknown task or a release of another task.
    """
    chosen = newest_releases() if enabled is None else enabled
    unknown = set(chosen) - set(TASKS)
    if unknown:
        raise ValueError(f"no such task: {', '.join(sorted(unknown))}")
    loaded = {task: _load(task, release_id, backend, cache_dir) for task, release_id in chosen.items()}
    return Networks(
        segmenter=loaded.get(SEGMENTATION),
        detector=loaded.get(REGIONS),
        condition=loaded.get(CONDITIONS),
        norwood=loaded.get(NORWOOD),
        hairs=loaded.get(HAIRS),
    )


def newest_releases() -> dict[str, str]:
    """Id of the newest release of every task that has one."""
    return {release.task: release.id for release in list_releases() if release.task in TASKS}


def _load(task: str, release_id: str, backend: Backend | None, cache_dir: Path | None) -> LoadedNetwork:
    release = load_release(release_id)
    if release.task != task:
        raise ValueError(f"{release.id} is a release for {release.task}, not for {task}")
    return LoadedNetwork(open_network(release, backend, cache_dir), release)


def open_photo(data: bytes, view: View) -> tuple[RgbImage, tuple[int, int]]:
    """The pixels that a photo of this view is measured on, and width and height of the stored photo.

    The networks see an overview at 256 px and a person at 1280: it is decoded at that scale. Trichoscopy is measured at
    every pixel it has. Raises ImageRejected.
    """
    return decode_with_size(data, max_long_edge=LONG_EDGE_PX if view.is_global else None)


def analyse_photo(
    photo: bytes | RgbImage, context: PhotoContext, networks: Networks, size_px: tuple[int, int] | None = None
) -> PhotoAnalysis:
    """Everything that may be said about one photo. Raises ImageRejected when the bytes are no readable picture.

    ``size_px``: width and height of the stored photo, when ``photo`` is what :func:`open_photo` made of it.
    """
    watch = _Watch()
    image, (width, height) = watch.time(
        "decode",
        lambda: (
            (photo, size_px or (photo.shape[1], photo.shape[0]))
            if isinstance(photo, np.ndarray)
            else open_photo(photo, context.view)
        ),
    )

    quality = watch.time("quality", lambda: check_quality(image, context.view, min(width, height)))
    shown = fitted(image)
    with ThreadPoolExecutor(1) as beside:  # networks, OpenCV and encoders let go of the interpreter: a second lane
        looked = beside.submit(watch.time, "condition", lambda: _condition(image, context, quality, networks))
        displays = beside.submit(watch.time, "display", lambda: tuple(draw() for draw in display_views(shown)))
        scalp_map = watch.time("segment", lambda: _segment(image, context, quality, networks))
        field = watch.time("hairs", lambda: _field(image, context, quality, networks))
        condition, attention = gated(looked.result(), scalp_map)
        known = within_domain(scalp_map, condition)
        size = (width, height)
        lengths = watch.time("lengths", lambda: read_lengths(image, known, context.view, size))
        measures = watch.time(
            "measure",
            lambda: (
                measure_photo(known, quality, context, size, held_out_errors(networks.segmenter), lengths)
                if context.view.is_global
                else measure_field(field, quality, context.px_per_mm, count_error(networks.hairs))
            ),
        )
        scalp = measured_scalp(known, measures)
        pictures = beside.submit(
            watch.time, "explain", lambda: tuple(_explanations(image, shown, scalp, attention, field))
        )
        regions = watch.time("regions", lambda: _regions(image, scalp, networks))
        evidence = watch.time("norwood", lambda: _norwood(image, context, scalp, networks))
        images = (*pictures.result(), *displays.result())

    return PhotoAnalysis(
        context=context,
        width_px=width,
        height_px=height,
        quality=quality,
        measures=measures,
        regions=regions,
        condition=condition,
        images=images,
        releases=networks.release_ids,
        timings_ms=watch.spent_ms,
        norwood_evidence=evidence,
        hairs=field,
    )


def summarise_session(
    photos: Sequence[PhotoAnalysis], *, male: bool = False, grader: Release | None = None
) -> SessionAnalysis:
    """Severity index, condition, SALT estimate and Norwood stage over the photos of one session.

    ``male``: the patient is known to be a man; ``grader`` is the release that gave the photos their evidence.
    """
    shares = [(photo.context.view, photo.measures[Metric.AFFECTED_SHARE]) for photo in photos]
    overviews = [photo.condition for photo in photos if photo.context.view.is_global]
    condition = session_condition(overviews)
    evidence = [found.norwood_evidence for found in photos if isinstance(found.norwood_evidence, NorwoodEvidence)]
    return SessionAnalysis(
        severity=severity_of(shares),
        condition=condition,
        salt=salt_of(shares),
        norwood=grade(evidence, grader, condition, male=male),
    )


def session_condition(readings: Sequence[ConditionReading | NotMeasurable]) -> ConditionReading | NotMeasurable:
    """One reading from the overview photos: the mean of their calibrated log-probabilities, renormalised.

    A geometric mean lets one photo veto a class that it excludes. Photos outside the network's domain have no vote;
    when all are, the session is unsure for that reason. Below the release's threshold the session is unsure. A disease
    seen on one side only is diluted here: the photos' own readings stay visible beside this one.
    """
    read = [reading for reading in readings if isinstance(reading, ConditionReading)]
    if not read:
        reasons = [reading for reading in readings if isinstance(reading, NotMeasurable)]
        return reasons[0] if reasons else NotMeasurable(Reason.VIEWS_MISSING, "no overview photo")
    voting = [reading for reading in read if reading.abstained_because is None]
    threshold = max(reading.threshold for reading in read)
    pooled = _geometric_mean(voting or read)
    if not voting:
        return ConditionReading(pooled, Condition.UNSURE, threshold, read[0].abstained_because)
    best = max(pooled, key=pooled.__getitem__)
    return ConditionReading(pooled, best if pooled[best] >= threshold else Condition.UNSURE, threshold)


def held_out_errors(segmenter: LoadedNetwork | None) -> Mapping[Metric, float]:
    """Mean absolute error of each share (percentage points) on people the segmentation has not seen, where stated."""
    if segmenter is None:
        return {}
    stated = segmenter.release.metrics()
    figures = {metric: _figure(stated, f"{metric}_mae") for metric in Metric}
    return {metric: figure for metric, figure in figures.items() if figure is not None}


def count_error(counter: LoadedNetwork | None) -> CountError:
    """How wrong the counting network is on people it has not seen, as its release states."""
    return CountError() if counter is None else stated_errors(counter.release.metrics())


def within_domain(
    scalp_map: ScalpMap | NotMeasurable, condition: ConditionReading | NotMeasurable
) -> ScalpMap | NotMeasurable:
    """The segmentation, unless the condition network calls the picture none of its subject.

    A segmentation finds something like scalp on coffee and on grass; deep features tell them from heads. How many
    pictures of other things are called so, and how many heads wrongly, stands in the condition release's card.
    """
    if isinstance(scalp_map, NotMeasurable) or isinstance(condition, NotMeasurable):
        return scalp_map
    if condition.abstained_because is Reason.OUT_OF_DOMAIN:
        return NotMeasurable(Reason.OUT_OF_DOMAIN, "far from the condition network's training pictures")
    return scalp_map


def measured_scalp(
    scalp_map: ScalpMap | NotMeasurable, measures: Mapping[Metric, Measurement]
) -> ScalpMap | NotMeasurable:
    """The segmentation, if numbers could be read from it; else the reason why nothing more is said about the photo."""
    if isinstance(scalp_map, NotMeasurable):
        return scalp_map
    share = measures[Metric.AFFECTED_SHARE]
    return scalp_map if isinstance(share, Measured) else share


def _segment(
    image: RgbImage, context: PhotoContext, quality: QualityReport, networks: Networks
) -> ScalpMap | NotMeasurable:
    if not context.view.is_global:
        return NotMeasurable(Reason.VIEW_NOT_SUPPORTED)
    if not quality.passed:
        return NotMeasurable(Reason.QUALITY_FAILED, ", ".join(quality.failures))
    if networks.segmenter is None:
        return NotMeasurable(Reason.MODEL_OFF)
    return segment(image, networks.segmenter.network, networks.segmenter.release)


def _regions(image: RgbImage, scalp: ScalpMap | NotMeasurable, networks: Networks) -> tuple[Region, ...]:
    if isinstance(scalp, NotMeasurable) or networks.detector is None:
        return ()
    errors = held_out_errors(networks.segmenter)
    return detect_regions(image, scalp, networks.detector.network, networks.detector.release, errors)


def _field(
    image: RgbImage, context: PhotoContext, quality: QualityReport, networks: Networks
) -> HairField | NotMeasurable:
    if context.view.is_global:
        return NotMeasurable(Reason.VIEW_NOT_SUPPORTED)
    if not quality.passed:
        return NotMeasurable(Reason.QUALITY_FAILED, ", ".join(quality.failures))
    if networks.hairs is None:
        return NotMeasurable(Reason.MODEL_OFF)
    if context.px_per_mm is None:
        return NotMeasurable(Reason.NO_SCALE)
    hairs = networks.hairs
    return count_field(image, context.px_per_mm, hairs.network, hairs.release, context.vellus_cutoff_um)


def _norwood(
    image: RgbImage, context: PhotoContext, scalp: ScalpMap | NotMeasurable, networks: Networks
) -> NorwoodEvidence | NotMeasurable:
    if isinstance(scalp, NotMeasurable):
        return scalp
    if networks.norwood is None:
        return NotMeasurable(Reason.MODEL_OFF)
    if context.male is False:
        return NotMeasurable(Reason.NOT_OFFERED)
    return read_evidence(image, scalp, context.view, networks.norwood.network, networks.norwood.release)


def _condition(
    image: RgbImage, context: PhotoContext, quality: QualityReport, networks: Networks
) -> tuple[ConditionReading | NotMeasurable, FloatMap | None]:
    if not context.view.is_global:
        return NotMeasurable(Reason.VIEW_NOT_SUPPORTED), None
    if not quality.passed:
        return NotMeasurable(Reason.QUALITY_FAILED, ", ".join(quality.failures)), None
    if networks.condition is None:
        return NotMeasurable(Reason.MODEL_OFF), None
    return read_condition(image, networks.condition.network, networks.condition.release)


def gated(
    looked: tuple[ConditionReading | NotMeasurable, FloatMap | None], scalp_map: ScalpMap | NotMeasurable
) -> tuple[ConditionReading | NotMeasurable, FloatMap | None]:
    """The condition network's answer, unless the segmentation doubts that this is a scalp; little of one is enough."""
    problem = scalp_problem(find_scalp(scalp_map)) if isinstance(scalp_map, ScalpMap) else None
    if isinstance(looked[0], NotMeasurable) or problem is None or problem.reason is Reason.TOO_LITTLE_SCALP:
        return looked
    return problem, None


def _explanations(
    image: RgbImage,
    shown: RgbImage,
    scalp: ScalpMap | NotMeasurable,
    attention: FloatMap | None,
    field: HairField | NotMeasurable,
) -> Iterator[EncodedImage]:
    if isinstance(scalp, ScalpMap):
        yield overlay_picture(shown, scalp)
        yield density_picture(shown, scalp)
        yield mask_picture(scalp)
    if attention is not None:
        yield attention_picture(shown, attention)
    if isinstance(field, HairField):
        yield hairs_picture(image, field)


def _figure(stated: Mapping[str, Any], name: str) -> float | None:
    """A figure of ``metrics.json`` wherever it is nested: ``{name: {"value": x, ...}}``."""
    found = stated.get(name)
    if isinstance(found, Mapping) and "value" in found:
        return float(found["value"])
    nested = (_figure(part, name) for part in stated.values() if isinstance(part, Mapping))
    return next((figure for figure in nested if figure is not None), None)


def _geometric_mean(readings: Sequence[ConditionReading]) -> dict[Condition, float]:
    kinds = list(readings[0].probabilities)
    means = [sum(log(max(r.probabilities[kind], 1e-9)) for r in readings) / len(readings) for kind in kinds]
    weights = np.exp(np.array(means) - max(means))
    return {kind: float(weight) for kind, weight in zip(kinds, weights / weights.sum(), strict=True)}


class _Watch:
    """Milliseconds per stage. Elapsed time only: no date enters a result."""

    def __init__(self) -> None:
        self.spent_ms: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], Result]) -> Result:
        began = time.perf_counter()
        result = work()
        self.spent_ms[stage] = (time.perf_counter() - began) * 1000
        return result
