"""What the hair network is taught, and that a run can be stopped and repeated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vision.hairs import keep_distinct, read_maps  # noqa: E402
from vision.render import draw_trichoscopy  # noqa: E402
from vision.training.hairs import Plan, Trainer, draw_batch  # noqa: E402
from vision.training.hairs_augment import place  # noqa: E402
from vision.training.hairs_data import CANONICAL_PX_PER_MM, HairPicture  # noqa: E402
from vision.training.hairs_target import ARROW_PX, draw_target, hair_loss  # noqa: E402
from vision.training.hairs_validation import SPEC, Reading, score_distinct  # noqa: E402


def drawn_picture(seed: int) -> HairPicture:
    """A drawn field at the canonical scale, as if it had been labelled."""
    field = draw_trichoscopy(
        seed=seed,
        hairs_per_cm2=120,
        hairs_per_unit=1.0,
        vellus_share=0.0,
        size=(416, 333),
        px_per_mm=CANONICAL_PX_PER_MM,
    )
    arrows = np.array([(*hair.root, *hair.tip) for hair in field.hairs], np.float32).reshape(-1, 4)
    return HairPicture(field.image, arrows, np.zeros(len(arrows), np.int64), f"drawn {seed}")


@pytest.mark.parametrize("turned", [False, True])
def test_a_changed_picture_takes_its_hairs_along(turned: bool) -> None:
    picture = drawn_picture(3)
    darker = []
    for seed in range(12):
        size = (336, 416) if turned else (416, 336)
        image, arrows, weight = place(picture, size, turned, np.random.default_rng(seed))
        assert image.shape[:2] == weight.shape == (size[1], size[0])
        grey = image.mean(axis=2)
        for row in arrows:
            x, y = (row[:2] + row[2:]) / 2
            if 0 <= x < size[0] - 1 and 0 <= y < size[1] - 1 and weight[int(y), int(x)] == 1:
                darker.append(grey[round(float(y)), round(float(x))] < np.median(grey) - 15)
    assert len(darker) > 30
    assert np.mean(darker) > 0.9


def test_a_network_that_answers_the_target_finds_every_hair() -> None:
    picture = drawn_picture(5)
    target = draw_target(picture.arrows, picture.kinds, np.ones((336, 416), np.float32))
    logits = np.log(np.clip(target.heat, 1e-4, 1 - 1e-4) / (1 - np.clip(target.heat, 1e-4, 1 - 1e-4)))
    kinds = np.zeros((4, *target.kind.shape), np.float32)
    kinds[0] = 5
    found = read_maps(np.concatenate((logits, target.arrow, kinds)).astype(np.float32), ARROW_PX, 0.0)
    figures = score_distinct([keep_distinct(found, Reading(0.5))], [picture])
    assert figures["recall"] >= 0.95
    assert figures["precision"] >= 0.95
    assert figures["kind_accuracy"] == 1.0


def test_the_loss_is_least_at_the_target_and_forgives_the_edge() -> None:
    picture = drawn_picture(5)
    target = draw_target(picture.arrows, picture.kinds, np.ones((336, 416), np.float32))
    parts = [torch.from_numpy(getattr(target, name)[None]) for name in ("heat", "weight", "arrow", "kind")]
    right = torch.zeros(1, 8, 168, 208)
    right[:, :2] = torch.logit(parts[0].clamp(1e-4, 1 - 1e-4))
    right[:, 2:4], right[:, 4] = parts[2], 9.0
    wrong = right.clone()
    wrong[:, :, 40:60, 60:90] = 3.0  # sees hairs where there are none
    assert hair_loss(right, *parts)[0] < 0.5 * hair_loss(wrong, *parts)[0]
    ignored = [parts[0], torch.zeros_like(parts[1]), *parts[2:]]
    assert hair_loss(wrong, *ignored)[1]["points_loss"] < hair_loss(wrong, *parts)[1]["points_loss"]


def test_a_batch_is_the_same_every_time_and_another_at_the_next_step() -> None:
    pictures = [drawn_picture(seed) for seed in (1, 2, 3)]
    plan = Plan(batch=2)
    first, again, later = (draw_batch(pictures, plan, step, SPEC) for step in (4, 4, 5))
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one, other)
    assert first[0].shape != later[0].shape or not torch.equal(first[0], later[0])


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    pictures = [drawn_picture(seed) for seed in (1, 2)]
    plan = Plan(steps=2, batch=1)
    whole = Trainer(plan, tmp_path / "whole", torch.device("cpu"), None)
    whole.fit(pictures, pictures, look_every=5)
    half = Trainer(plan, tmp_path / "half", torch.device("cpu"), None)
    half._one_step(pictures)
    half.save()
    rest = Trainer(plan, tmp_path / "half", torch.device("cpu"), None)
    assert rest.resume()
    rest.fit(pictures, pictures, look_every=5)
    for name, value in whole.network.state_dict().items():
        assert torch.allclose(value, rest.network.state_dict()[name], atol=1e-6), name
    assert (tmp_path / "half" / "best.pt").is_file()
