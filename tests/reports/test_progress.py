"""Progress: signed values only, verdicts against noise, comparisons that a clinician released, documents on paper."""

from __future__ import annotations

import io
import json
import re
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from django.urls import reverse
from PIL import Image

from accounts.models import AuditEvent, User
from accounts.roles import Role
from analysis.models import Comparison, ComparisonImage, ModelRelease
from reports import services
from reports.models import ProgressDocument
from reports.progress import charts
from reports.progress.reading import progress_of
from reports.progress.writing import change_row
from reviews.judging import CURE_WORDS, REASON_WORDS
from tests.factories import reports as factory
from tests.factories.patients import NOW, holder_of, make_clinic, make_patient, make_staff, signed_in
from vault.errors import SealedFileMissing
from vault.files import open_file, seal_file
from vision.change import (
    Area,
    Attribution,
    Cause,
    ChangeMap,
    LightDifference,
    LightSource,
    LocalChange,
    MetricChange,
    PhotoComparison,
)
from vision.change_codec import comparison_to_json
from vision.registration import ComparisonReason, Method, NotComparable, Registration
from vision.registration.types import IDENTITY
from vision.types import Measured, Metric, View

pytestmark = pytest.mark.django_db
LATER = NOW
BEFORE = NOW - timedelta(days=90)
PLACE = ("crown", "")


@pytest.fixture(scope="module")
def both_visits(keep):
    with pytest.MonkeyPatch.context() as patch:
        return keep(lambda: two_visits(patch))


@pytest.fixture
def two(db, both_visits, monkeypatch):
    """Two signed visits ninety days apart; the crown's coverage went from 64 to 80 %, another treatment was chosen."""
    monkeypatch.setattr(factory, "CORRECTED_TO", 80.0)
    return deepcopy(both_visits)


def two_visits(patch):
    ModelRelease.objects.create(task="segmentation", name="scalp-segmentation", version="9.9", digest="x")
    clinic = make_clinic(now=BEFORE)
    doctor = make_staff(Role.DERMATOLOGIST, clinic, now=BEFORE)
    patient = make_patient(clinic, now=BEFORE)
    first = factory.make_case(clinic=clinic, patient=patient, member=doctor, now=BEFORE)
    factory.sign(first, now=BEFORE)
    patch.setattr(factory, "CORRECTED_TO", 80.0)
    later = factory.make_case(
        clinic=clinic, patient=patient, member=doctor, treatment="ketoconazole-shampoo", now=LATER
    )  # fmt: skip
    factory.sign(later, now=LATER)
    return later


def comparison() -> Comparison:
    return Comparison.objects.get(photo_now__view="crown")


def found() -> PhotoComparison:
    change = MetricChange(
        Metric.COVERAGE_INDEX, Area.COMMON, Measured(62, 58, 66, "%"), Measured(77, 73, 81, "%"),
        Measured(15, 11, 19, "%"), 24.2,
    )  # fmt: skip
    amounts = {Cause.POSE: 1.0, Cause.LIGHT: -2.0, Cause.REST: 17.0}
    parts = {cause: Measured(amount, amount - 1, amount + 1, "%") for cause, amount in amounts.items()}
    polygon = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6))
    place = LocalChange(polygon, Measured(21, 12, 30, "%"), 8.0, (0.5, 0.4))
    return PhotoComparison(
        view=View.CROWN,
        registration=Registration(IDENTITY, None, 0.93, 80, 0.7, 0.003, 1.0, 0.0, 1.0, Method.FEATURES),
        light=LightDifference(0.4, (0.0, 0.0, 0.0), LightSource.UNCHANGED, 0.5, 0.05),
        changes=(change,),
        attributions=(Attribution(Metric.COVERAGE_INDEX, "%", 16.0, parts),),
        change_map=ChangeMap(np.zeros((8, 8), np.float32), np.ones((8, 8), bool), 0.1, (place,)),
        hairs=None,
        images=(),
        warnings=(),
    )


def compared(*, reason: ComparisonReason | None = None) -> Comparison:
    """The crown's comparison as a worker would have left it."""
    row = comparison()
    row.status, row.finished_at = Comparison.Status.DONE, LATER
    row.result = comparison_to_json(NotComparable(reason) if reason else found())
    row.not_comparable = reason.value if reason else ""
    row.save()
    if reason is None:
        data = io.BytesIO()
        Image.new("RGB", (64, 48), (120, 90, 80)).save(data, "JPEG")
        for kind in ("aligned", "change"):
            stored = seal_file(key_id=row.sealing_key_id, source=io.BytesIO(data.getvalue()), folder="derived")
            ComparisonImage.objects.create(
                comparison=row, kind=kind, file_name=stored.name, media_type="image/jpeg", width_px=64, height_px=48
            )
    return row


def text_of(client, name, *args) -> str:
    response = client.get(reverse(name, args=args[:1]) if len(args) < 2 else reverse(name, args=args))
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def test_a_signature_asks_for_comparisons_with_the_visits_before(two):
    rows = Comparison.objects.select_related("photo_then__session", "photo_now__session")
    assert {row.photo_now.view for row in rows} == {"crown", "hairline"}
    assert all(row.photo_now.session_id == two.session.pk for row in rows)


def test_a_change_is_judged_only_once_the_photographs_were_laid_over_each_other(two):
    client = signed_in(holder_of(two.patient))
    assert "Being compared" in text_of(client, "reports:progress", two.patient.pk)
    compared()
    text = text_of(client, "reports:progress", two.patient.pk)
    assert "Improved" in text
    assert "64 % → 80 %" in text
    assert re.search(r"smallest change that can be told: ± \d+(\.\d)? points", text)


def test_a_change_is_the_step_between_the_numbers_as_written(two):
    compared()
    progress = progress_of(two.patient)
    coverage = next(one for one in progress.series if one.key.metric == "coverage_index")
    judged = progress.judgement(coverage, 0, 1)
    assert judged is not None
    then, now = (replace(judged.then, value=44.6), replace(judged.now, value=58.4))
    row = change_row(coverage, replace(judged, then=then, now=now, change=13.8))
    assert (row.then, row.now, row.change) == ("45 %", "58 %", "+13 points")


def test_a_pair_that_cannot_be_compared_says_why_and_gets_no_verdict(two):
    compared(reason=ComparisonReason.TOO_TILTED)
    text = text_of(signed_in(holder_of(two.patient)), "reports:progress", two.patient.pk)
    assert "Not comparable" in text
    assert "too different an angle or distance" in text
    assert "Improved" not in text


@pytest.mark.parametrize(
    ("reason", "said", "done"),
    [
        (ComparisonReason.MIRRORED, "is a mirror image", "with the rear camera"),
        (ComparisonReason.TOO_FEW_MATCHES, "prove that they show the same place", "both show the same person"),
    ],
)
def test_a_mirror_image_and_another_person_are_told_with_what_to_do(two, reason, said, done):
    compared(reason=reason)
    client = signed_in(holder_of(two.patient))
    page = client.get(reverse("reports:progress_view", args=[two.patient.pk, "crown"])).content.decode()
    text = re.sub(r"\s+", " ", page)
    assert said in text
    assert done in text


def test_every_reason_against_a_comparison_has_words_and_a_cure():
    assert set(REASON_WORDS) == set(CURE_WORDS) == set(ComparisonReason)


def test_the_same_value_is_no_detectable_change(two):
    compared()
    again = factory.make_case(clinic=two.clinic, patient=two.patient, now=LATER + timedelta(days=30))
    factory.sign(again, now=LATER + timedelta(days=30))
    Comparison.objects.filter(photo_now__session=again.session).update(status="done")
    coverage = next(one for one in progress_of(two.patient).series if one.key.metric == "coverage_index")
    assert progress_of(two.patient).judgement(coverage, 1, 2).said == "no_detectable_change"


def test_the_patient_sees_map_and_figures_only_once_a_clinician_released_them(two):
    row = compared()
    patient, doctor = signed_in(holder_of(two.patient)), signed_in(User.objects.get(pk=two.reviewer.user_id))
    page = reverse("reports:progress_view", args=[two.patient.pk, "crown"])
    hidden = patient.get(page).content.decode()
    aligned, change = (row.images.get(kind=kind).pk for kind in ("aligned", "change"))
    assert "Map of change" not in hidden
    assert "Where it changed" not in hidden
    assert b"".join(patient.get(reverse("reports:progress_picture", args=[aligned])))[:2] == b"\xff\xd8"
    assert patient.get(reverse("reports:progress_picture", args=[change])).status_code == 404
    assert "Middle: fuller now by 21 points" in doctor.get(page).content.decode()
    url = reverse("reports:progress_release", args=[row.pk])
    assert patient.post(url, {"released": "1"}).status_code == 403
    assert doctor.post(url, {"released": "1", "back": page})["Location"] == page
    shown = re.sub(r"\s+", " ", patient.get(page).content.decode())
    assert "Middle: fuller now by 21 points" in shown
    assert "What is the camera’s doing?" in shown
    assert b"".join(patient.get(reverse("reports:progress_picture", args=[change])))[:2] == b"\xff\xd8"
    assert AuditEvent.objects.filter(action="comparison.released", patient_id=two.patient.pk).exists()


def test_rejected_and_unsigned_values_are_in_no_series(two):
    draft = factory.make_case(clinic=two.clinic, patient=two.patient, now=LATER + timedelta(days=9))
    progress = progress_of(two.patient)
    assert len(progress.visits) == 2
    assert str(draft.session.pk) not in {visit.session_id for visit in progress.visits}
    assert {one.key.metric for one in progress.series} == {"coverage_index", "severity_index"}


def test_treatments_begin_and_end_with_the_plans_that_name_them(two):
    first, second = progress_of(two.patient).courses
    assert (first.started, first.ended) == (BEFORE.date(), LATER.date())
    assert (second.letter, second.started, second.ended) == ("B", LATER.date(), None)


def test_page_and_paper_draw_one_specification(two):
    progress = progress_of(two.patient)
    series = next(one for one in progress.series if one.key.metric == "coverage_index")
    chart = charts.chart_of(series, progress.noise(series), progress.courses)
    marks = json.dumps(chart.spec)
    assert '"mark": "B /A"' in marks or '"mark": "/A B"' in marks
    low, high = series_band(chart.band)
    assert low < 64 < high < 80
    drawn = charts.svg_of(chart.spec).decode()
    assert drawn.startswith("<svg")
    assert "Figtree" in drawn
    assert [row.value for row in chart.rows] == ["64 %", "80 %"]
    package = json.loads((Path(__file__).parents[2] / "package.json").read_text())
    assert package["dependencies"]["vega-lite"].startswith(charts.VEGA_LITE)


def test_the_chart_of_a_stage_has_no_half_stages(two):
    series = next(one for one in progress_of(two.patient).series if one.key.metric == "coverage_index")
    stage = replace(series, key=replace(series.key, metric="norwood_stage"))
    stage = replace(
        stage, points=tuple(replace(point, value=Measured(5.0, 4.0, 6.0, "stage")) for point in series.points)
    )
    axis = re.findall(r">(\d(?:\.\d)?)</text>", charts.svg_of(charts.chart_of(stage, None, ()).spec).decode())
    assert axis == ["4", "5", "6"]


def series_band(words: str) -> tuple[float, float]:
    """The ends of the band as it is told."""
    ends = re.search(r"from ([\d.]+) to ([\d.]+) %", words)
    assert ends is not None, words
    return float(ends[1]), float(ends[2])


@pytest.mark.parametrize("kind", ["delta", "summary"])
def test_documents_are_pages_and_tagged_pdfs(two, kind):
    row = compared()
    services.release_comparison(actor=two.reviewer, comparison_id=row.pk, released=True, now=LATER)
    client = signed_in(holder_of(two.patient))
    name = {"delta": "reports:progress_delta", "summary": "reports:progress_summary"}[kind]
    asked = "" if kind == "delta" else f"?from={BEFORE.date()}&to={LATER.date()}"
    url = reverse(name, args=[two.patient.pk]) + asked
    page = client.get(url).content.decode()
    assert "Improved" in page
    made = client.post(url)
    assert made.status_code == 302
    document = ProgressDocument.objects.get()
    client.post(url)
    assert ProgressDocument.objects.count() == 1
    pdf = reverse("reports:progress_document", args=[document.pk])
    assert client.get(pdf).status_code == 409
    assert services.render_progress(document_id=document.pk, now=LATER)
    assert not services.render_progress(document_id=document.pk, now=LATER)
    assert "Open the PDF" in client.get(made["Location"]).content.decode()
    data = b"".join(client.get(pdf))
    with pikepdf.open(io.BytesIO(data)) as opened:
        assert "/StructTreeRoot" in opened.Root
        assert b"pdfaid" in opened.Root.Metadata.read_bytes()
    assert AuditEvent.objects.filter(action="progress.pdf_read", patient_id=two.patient.pk).exists()


def test_nobody_else_finds_anything(two):
    row = compared()
    image = row.images.get(kind="aligned").pk
    strangers = [
        signed_in(holder_of(make_patient(two.clinic))),
        signed_in(make_staff(Role.ADMINISTRATOR, two.clinic).user),
        signed_in(make_staff(Role.DERMATOLOGIST, make_clinic("Elsewhere")).user),
    ]
    for client in strangers:
        for name in ("progress", "progress_delta", "progress_summary"):
            assert client.get(reverse(f"reports:{name}", args=[two.patient.pk])).status_code == 404
        assert client.get(reverse("reports:progress_picture", args=[image])).status_code == 404


def test_erasure_takes_comparisons_their_pictures_and_documents_along(two, django_capture_on_commit_callbacks):
    from analysis.privacy import PRIVACY as ANALYSIS
    from reports.privacy import PRIVACY as REPORTS

    row = compared()
    names = list(row.images.values_list("file_name", flat=True))
    exported = [file.path for file in ANALYSIS.export(two.patient.pk)]
    assert any(path.endswith("/aligned.jpeg") for path in exported)
    services.request_document(
        actor=two.holder, patient_id=two.patient.pk, kind="delta", first="", last="", now=LATER
    )  # fmt: skip
    key = row.sealing_key_id
    with django_capture_on_commit_callbacks(execute=True):
        ANALYSIS.erase(two.patient.pk, LATER)
        REPORTS.erase(two.patient.pk, LATER)
    assert not Comparison.objects.exists()
    assert not ProgressDocument.objects.exists()
    for name in names:
        with pytest.raises(SealedFileMissing):
            open_file(key_id=key, name=name)


def test_without_a_signed_report_the_page_says_so(two):
    other = make_patient(two.clinic)
    text = text_of(signed_in(holder_of(other)), "reports:progress", other.pk)
    assert "Nothing is signed yet" in text
    delta = signed_in(holder_of(other)).get(reverse("reports:progress_delta", args=[other.pk]))
    assert "Nothing was signed yet" in delta.content.decode()
