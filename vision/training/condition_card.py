"""The text of the condition classifier's model card, written around its measured figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vision.release import Release


def card_text(release: Release, metrics: Mapping[str, Any]) -> str:
    """Markdown card. ``metrics`` is the content of ``metrics.json``."""
    thresholds, temperature = release.thresholds, release.temperature
    test = metrics["test"]
    figures: Mapping[str, Mapping[str, float]] = test["metrics"]
    atlases = metrics["test_atlases_only"]["metrics"]
    classes = test["classes"]
    rows = "\n".join(
        f"| {name} | {_figure(figures, f'precision.{name}')} | {_figure(figures, f'recall.{name}')} "
        f"| {_figure(figures, f'shown_precision.{name}')} | {_figure(figures, f'shown_recall.{name}')} |"
        for name in classes
    )
    sources = sorted({name.split("@")[1] for name in figures if "@" in name})
    by_source = "\n".join(
        f"| {source} | {_figure(figures, f'accuracy@{source}')} | {_figure(figures, f'accuracy_when_shown@{source}')} "
        f"| {_figure(figures, f'abstained@{source}')} |"
        for source in sources
    )
    fold = metrics["leave_one_source_out"]
    fold_rows = "\n".join(
        f"| {name} | {_figure(fold['metrics'], name)} |"
        for name in fold["metrics"]
        if name == "balanced_accuracy" or name.startswith(("accuracy@", "recall."))
    )
    probe, strangers = metrics["watermark_probe"], metrics["strangers_abstained"]
    stranger_rows = "\n".join(f"| {name} | {_counted(figure)} |" for name, figure in strangers.items())
    subject_rows = "\n".join(
        f"| {name} | {_counted(figure)} |" for name, figure in metrics["subjects_out_of_domain"].items()
    )
    return f"""# {release.name} {release.version}

**Research use only. Not a diagnosis, not cleared as a medical device.** A clinician decides; the classifier orders what
to look at and abstains when it is not sure.

## What it does
One overview photograph in, calibrated probabilities of five classes out: alopecia, psoriasis, folliculitis, no finding,
other. EfficientNet-Lite0 (timm), mean pooling, one linear layer, 224 x 224 RGB, the whole photo stretched to a square.
Probabilities are softmax values divided by a temperature of {temperature:.2f} fitted on validation pictures. Below a
probability of {thresholds["probability"]:.2f}, or outside its domain, it **abstains** and "unsure" is shown. Outside
is what lies farther than {thresholds["distance"]:.3f} from everything it was trained on (1 - mean cosine to the five
nearest stored features), and what a linear reader of the same features finds less like a head than log odds of
{thresholds["likeness"]:.2f}; each of both refuses 1.5 % of the validation pictures of its subject. The probability was
chosen on the validation pictures of the atlases, where 85 % of what is shown should be right.
The attention map is the exact class activation map of this head and equals Grad-CAM; it shows what the network looked
at, not where a lesion is.

## How good it is
{test["n_images"]} pictures of {test["n_people"]} people or duplicate groups that training never saw; 95 % intervals
(Wilson; bootstrap over people for balanced accuracy and calibration error).

| class | precision | recall | precision when shown | shown and right |
|---|---|---|---|---|
{rows}

Balanced accuracy {_figure(figures, "balanced_accuracy")}; expected calibration error {_figure(figures, "ece")};
abstained {_figure(figures, "abstained")}; right when shown {_figure(figures, "accuracy_when_shown")}.

On the atlas pictures alone, without the heads that stand in for full hair and pattern loss: balanced accuracy
{_figure(atlases, "balanced_accuracy")}; expected calibration error {_figure(atlases, "ece")}; abstained
{_figure(atlases, "abstained")}; right when shown {_figure(atlases, "accuracy_when_shown")}.

| source | right | right when shown | abstained |
|---|---|---|---|
{by_source}

## The source is the weak point
Trained on one atlas (dermnet.com, with full heads and pattern loss from figaro and norwood) and tested on the others:

| figure | value |
|---|---|
{fold_rows}

**On sources it has not seen the fold is much worse:** balanced accuracy
{_figure(fold["metrics"], "balanced_accuracy")} over {fold["n_images"]} pictures; what it loses there is
mostly "other", read as one of the conditions it knows. Two things make the fold harder than the release: it was
trained on {fold["trained_pictures"]} pictures for {_effort(fold["training"])} (the release:
{_effort(metrics["training"])}), and its "other" held tinea capitis only, while the unseen sources bring
seborrhoeic dermatitis and diseases of the face and body. A clinic's own camera is an unseen source too: **expect
figures between the fold's and the table's, read "psoriasis" and "other" with most doubt, and let the clinician
decide.** The abstention does not cure this: it was set on pictures of the sources it was trained on.
{_tried(metrics.get("tried", ()))}Psoriasis and folliculitis were seen almost only in one atlas, so how well they are
told elsewhere is unknown.
"No finding" was learnt from heads with full hair in other collections (figaro portraits, backs of norwood heads, clinic
tops and two women without staged loss): the classifier can tell these collections by their manner, so its figure for
"no finding" is flattering, and a close-up of healthy scalp was never seen. To break the tie between class and
collection, photographs of pattern loss from the same collections were trained as alopecia.

Watermarks, on the test pictures of the atlases: the class changed in {_share(probe["class_changed.marks_blurred"])}
with the usual places of marks blurred, in {_share(probe["class_changed.elsewhere_blurred"])} with as much blurred
elsewhere, and in {_share(probe["class_changed.mark_written"])} with a mark written on. Right answers went from
{_share(probe["accuracy.plain"])} to {_share(probe["accuracy.marks_blurred"])} when the places of marks were
blurred, which are also the middle of the picture and thus often the lesion.

## Pictures that are not its subject
Share on which it abstains. The reader of heads was shown close-ups of clipped hair and drawn scenes (other ones than
these); hair that is not clipped, and the other things, were shown to no part of it:

| pictures | abstained |
|---|---|
{stranger_rows}

Share of held-out heads without a class that it calls outside its domain, which stops their measures too:

| pictures | out of domain |
|---|---|
{subject_rows}

It does not know a face from the back of a head: both are hair and skin, and a portrait reads as "no finding". It was
not made for trichoscopy and is not run on it. The portal runs it only on overview photographs that passed the quality
gate and show scalp.

## Training data
`conditions` (dermnet.com, dermnetnz, and two collections known by their uploaders, kiran and shubh098; augmented
copies left out), `norwood`, `scalp_regions`, `clinic_tops`, `hair_masks` (every fourth Figaro picture), `women_views`.
"Other" holds seborrhoeic dermatitis, tinea capitis, and psoriasis and folliculitis of the face and body. Split by
duplicate group with runs of neighbouring atlas numbers kept together, elsewhere by person; the test part decided
nothing. Training started from ImageNet weights of EfficientNet-Lite0 (Apache-2.0). Research use; licences of the
sources vary, and the atlases keep their copyright.

## Not tested
"No finding" does not mean "no thinning": diffuse thinning along a parting is often read as no finding, because only a
few such photographs could be trained as alopecia. The segmentation's areas speak about thinning, this does not.
Darker skin and coily hair are few in every source; children except in tinea; scarring alopecia other than the
folliculitis family; pictures with more than one condition; wet or dyed hair. "Folliculitis" is mostly acne keloidalis.
Which people the atlases show is not known, and several pictures may show one person.
"""


def _effort(training: Mapping[str, Any]) -> str:
    plan = training["plan"]
    minutes, device = training["minutes"], training["device"]
    return f"{plan['steps']} steps of {plan['batch']} pictures, {minutes:.0f} minutes on {device}"


def _tried(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the same training could have become."""
    if not rows:
        return ""
    lines = "\n".join(
        f"| {row['what']} | {_tried_figure(row, 'balanced_accuracy')} | {_tried_figure(row, 'atlases')} "
        f"| {_tried_figure(row, 'ece')} | {_tried_figure(row, 'unseen')} |"
        for row in rows
    )
    return f"""
Ways of making a release of the trained networks: balanced accuracy on the test part, on its atlas pictures, calibration
error, and balanced accuracy on unseen sources of the same, trained on one atlas. The training command measures all:

| tried | test | atlases | calibration error | unseen sources |
|---|---|---|---|---|
{lines}

Half-way was the only share tried; that it ships, and not the trained weights, was decided after a look at this table,
which flatters its lead a little. What would help is data, not another head: each disease
from at least three collections or clinics (folliculitis has one, psoriasis hardly more), a hundred pictures a class in
every one, and healthy scalp taken by the same cameras.

"""


def _tried_figure(row: Mapping[str, Any], name: str) -> str:
    return f"{row[name]:.2f}" if name in row else "–"


def _figure(figures: Mapping[str, Mapping[str, float]], name: str) -> str:
    return _share(figures[name]) if name in figures else "–"


def _share(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.2f} ({figure['low']:.2f}–{figure['high']:.2f})"


def _counted(figure: Mapping[str, float]) -> str:
    return f"{_share(figure)} of {figure['n']:.0f}"
