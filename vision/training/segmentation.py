"""Fitting the scalp segmentation network: U-Net on EfficientNet-Lite2, partial labels, seeded and resumable.

Every step draws its pictures and their changes from a generator seeded with (seed, step), so a run that was stopped
goes on exactly where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from vision.preprocess import normalise
from vision.release import InputSpec
from vision.runtime.unet import build_unet
from vision.training.augment import augment
from vision.training.curve import save_curve
from vision.training.data import DEFAULT_DATA, LabelledPhoto
from vision.training.imagenet import load_lite
from vision.training.partial_loss import allowed_channels, group_dice_loss, marginal_log_loss
from vision.training.segmentation_pictures import Pictures, draw_batch, read_pictures, with_drawn_heads
from vision.training.segmentation_release import publish_run
from vision.training.segmentation_validation import (
    CHANNEL_BITS,
    CLASSES,
    DICE_GROUPS,
    OPTIONS,
    predict_logits,
    validate,
)

ENCODER_RATE = 0.3  # share of the learning rate that the pretrained encoder gets
AVERAGE_KEEP = 0.99
DRAWN_WEIGHT = 0.75
"""What ships lies this far on the way from the weights before the third stage to those after it (Wortsman 2022, robust
fine-tuning), chosen on the validation people among 0, 0.5, 0.75 and 1: the photographs keep what the drawings add."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how to train. Two stages: first small, then at the size that is served.

    In the second stage the network also learns from what its own running average is sure of on photographs of training
    people that nobody outlined. The encoder's stem and first ``frozen_blocks`` stages keep their ImageNet filters: they
    find edges, and cost a quarter of a step.

    A third stage of ``drawn_steps`` mixes ``drawn_heads`` drawn heads in (three of eight pictures), gently: at
    ``drawn_rate``, with the statistics of the normalisation as the photographs left them.
    """

    steps: int = 1850
    batch: int = 16
    side: int = 192
    final_side: int = 288
    final_share: float = 0.35
    frozen_blocks: int = 2
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-2
    seed: int = 7
    drawn_steps: int = 500
    drawn_heads: int = 480
    drawn_rate: float = 4e-4
    drawn_side: int = 256
    drawn_batch: int = 12

    @property
    def last(self) -> int:
        """Steps of all stages together."""
        return self.steps + self.drawn_steps

    def is_mixed(self, step: int) -> bool:
        """Whether this step belongs to the third stage."""
        return step >= self.steps

    def is_final(self, step: int) -> bool:
        """Whether this step belongs to the second stage."""
        return step >= self.steps * (1 - self.final_share)

    def batch_at(self, step: int) -> int:
        """Pictures of this step."""
        return self.drawn_batch if self.is_mixed(step) else self.batch

    def side_at(self, step: int) -> int:
        """Side of the training pictures at this step."""
        if self.is_mixed(step):
            return self.drawn_side
        return self.final_side if self.is_final(step) else self.side

    def rate_at(self, step: int) -> float:
        """Learning rate: a short warm-up, then half a cosine; once more in the third stage."""
        top, done, steps = self.learning_rate, step, self.steps
        if self.is_mixed(step):
            top, done, steps = self.drawn_rate, step - self.steps, self.drawn_steps
        warm = min(1.0, (done + 1) / 60)
        return top * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done / steps)))


def as_tensors(
    photos: Sequence[LabelledPhoto], side: int, spec: InputSpec, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Changed pictures N x 3 x side x side and their allowed classes N x side x side."""
    changed = [augment(photo, side, rng) for photo in photos]
    inputs = np.stack([normalise(image, spec) for image, _ in changed])
    return torch.from_numpy(inputs), torch.from_numpy(np.stack([allowed for _, allowed in changed]))


def loss_of(logits: Tensor, allowed: Tensor, region_count: int) -> Tensor:
    """Marginal log loss on all pictures, plus Dice on those whose regions are drawn (the first ``region_count``)."""
    possible = allowed_channels(allowed, CHANNEL_BITS)
    probabilities = logits[:region_count].float().softmax(1)
    dice = group_dice_loss(probabilities, possible[:region_count], DICE_GROUPS)
    return marginal_log_loss(logits, possible) + 0.5 * dice


class Trainer:
    """The state of a run: network, its running average, optimiser, step, minutes and curve."""

    def __init__(self, plan: Plan, folder: Path, device: torch.device) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.folder, self.device = plan, folder, device
        self.network = build_unet(OPTIONS, len(CLASSES))
        load_lite(self.network.encoder, 2)  # type: ignore[arg-type]
        self.network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        parts = self.network.encoder
        self._frozen = [parts.conv_stem, parts.bn1, *parts.blocks[: plan.frozen_blocks]]  # type: ignore[union-attr, index]
        for block in self._frozen:
            block.requires_grad_(False)
        encoder = [value for value in self.network.encoder.parameters() if value.requires_grad]  # type: ignore[union-attr]
        rest = [value for name, value in self.network.named_parameters() if not name.startswith("encoder.")]
        self.optimiser = torch.optim.AdamW(
            [{"params": encoder, "share": ENCODER_RATE}, {"params": rest, "share": 1.0}],
            lr=plan.learning_rate,
            weight_decay=plan.weight_decay,
        )
        self.step = 0
        self.minutes = 0.0
        self.curve: list[dict[str, float]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def fit(self, pictures: Pictures, spec: InputSpec, look_every: int) -> None:
        """Run to the plan's last step, looking at the validation people every ``look_every`` steps."""
        running: list[float] = []
        progress = tqdm(total=self.plan.last, initial=self.step, unit="step", mininterval=10)
        while self.step < self.plan.last:
            if self.plan.is_mixed(self.step) and not pictures.drawn:
                self._keep_before()
                pictures = with_drawn_heads(pictures, self.plan.drawn_heads, self.folder / "drawn")
            if self.plan.is_final(self.step) and pictures.unlabelled and not pictures.taught:
                pictures = self._teach(pictures, spec)
            began = time.monotonic()
            running.append(self._one_step(pictures, spec))
            self.minutes += (time.monotonic() - began) / 60
            progress.update()
            progress.set_postfix(loss=f"{np.mean(running[-50:]):.3f}", refresh=False)
            if self.step % look_every == 0 or self.step in (self.plan.steps, self.plan.last):
                self._look(pictures, spec, float(np.mean(running[-look_every:])))
        progress.close()

    def _teach(self, pictures: Pictures, spec: InputSpec) -> Pictures:
        """Label the unlabelled pictures with the running average as it was when the second stage began."""
        path = self.folder / "teacher.pt"
        if not path.is_file():
            torch.save(self.average, path)
        teacher = averaged(torch.load(path, map_location="cpu", weights_only=True))
        return pictures.taught_by(lambda image: predict_logits(teacher, image, spec))

    @property
    def _before(self) -> Path:
        return self.folder / "before_drawn.pt"

    def _keep_before(self) -> None:
        """Keep the running average as the second stage left it."""
        if self.step == self.plan.steps:
            torch.save(self.average, self._before)

    def _one_step(self, pictures: Pictures, spec: InputSpec) -> float:
        rng = np.random.default_rng((self.plan.seed, self.step))
        photos, outlined = draw_batch(pictures, self.plan.batch_at(self.step), self.plan.is_final(self.step), rng)
        inputs, allowed = as_tensors(photos, self.plan.side_at(self.step), spec, rng)
        inputs = inputs.to(self.device, memory_format=torch.channels_last)
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate_at(self.step) * group["share"]
        self.network.train(not self.plan.is_mixed(self.step))  # the third stage keeps the normalisation as it is
        for block in self._frozen:
            block.eval()
        # bfloat16 pays on CUDA; on CPUs without its instructions it is several times slower.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = self.network(inputs)
        loss = loss_of(logits, allowed.to(self.device), outlined)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        return float(loss.detach())

    def _follow(self) -> None:
        keep = min(AVERAGE_KEEP, self.step / (self.step + 10))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - keep)
                else:
                    self.average[name].copy_(value)

    def _look(self, pictures: Pictures, spec: InputSpec, train_loss: float) -> None:
        network = averaged(self.average)
        figures = validate(network, pictures.validation, spec)
        self.curve.append({"step": self.step, "minutes": self.minutes, "train_loss": train_loss, **figures})
        self.save()
        (self.folder / "curve.json").write_text(json.dumps(self.curve, indent=1), encoding="utf-8")
        save_curve(self.curve, self.folder / "curve.png")
        tqdm.write(" ".join(f"{name}={value:.3f}" for name, value in self.curve[-1].items()))

    def save(self) -> None:
        """Write everything needed to go on; a file half-written is never the one that is read."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "minutes": self.minutes,
            "curve": self.curve,
            "plan": asdict(self.plan),
        }
        torch.save(state, self.folder / "last.pt.part")
        (self.folder / "last.pt.part").replace(self.folder / "last.pt")

    def final_network(self) -> nn.Module:
        """The running average after the last step, mixed with what it was before the third stage: ten validation
        photographs are too few to choose a step by."""
        if not self.plan.drawn_steps:
            return averaged(self.average)
        before = torch.load(self._before, map_location="cpu", weights_only=True)
        return averaged(mixed(before, self.average, DRAWN_WEIGHT))

    def story(self, pictures: Pictures) -> dict[str, Any]:
        """What ``metrics.json`` tells of the training."""
        return {
            "plan": asdict(self.plan),
            "steps": self.step,
            "minutes": round(self.minutes, 1),
            "device": self.device.type.upper(),
            "region_photos": len(pictures.regions),
            "hair_photos": len(pictures.figaro) + len(pictures.lfw),
            "bare_skin_photos": len(pictures.bare_skin),
            "unlabelled_photos": len(pictures.unlabelled),
            "drawn_heads": self.plan.drawn_heads if self.plan.drawn_steps else 0,
            "drawn_weight": DRAWN_WEIGHT,
            "validation_photos": sum(photo.source != "drawn" for photo in pictures.validation),
            "curve": [{name: round(float(value), 4) for name, value in point.items()} for point in self.curve],
        }

    def resume(self) -> bool:
        """Go on from ``last.pt`` of the same plan, if there is one.

        Until the third stage has begun, its plan and the number of steps before it may still change.
        """
        path = self.folder / "last.pt"
        if not path.is_file():
            return False
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        free = {"steps": self.plan.steps} | {
            name: value for name, value in asdict(self.plan).items() if "drawn" in name
        }
        if state["plan"] | (free if state["step"] <= state["plan"]["steps"] else {}) != asdict(self.plan):
            raise SystemExit(f"{path} belongs to another plan; choose another --runs folder or remove it")
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.minutes = state["step"], state["minutes"]
        self.curve = state["curve"]
        return True


def mixed(before: dict[str, Tensor], after: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights ``share`` of the way from ``before`` to ``after``; counters as before."""
    return {
        name: torch.lerp(value, after[name].cpu(), share) if value.dtype.is_floating_point else value
        for name, value in before.items()
    }


def averaged(weights: dict[str, Tensor]) -> nn.Module:
    """A network for inference with these weights, on CPU."""
    network = build_unet(OPTIONS, len(CLASSES))
    network.load_state_dict({name: value.cpu() for name, value in weights.items()})
    return network.eval()


def main(arguments: Sequence[str] | None = None) -> None:
    """``python -m vision train scalp_segmentation``."""
    parser = argparse.ArgumentParser(prog="vision train scalp_segmentation", description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--runs", type=Path, default=Path("runs/scalp_segmentation"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--drawn-steps", type=int, help="of the third stage, in which drawn heads are mixed in")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--look-every", type=int, default=50)
    parser.add_argument("--publish", metavar="VERSION", help="write the trained network as a release when done")
    parser.add_argument("--note", default="", help="a sentence for the card on the run")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    chosen = parser.parse_args(arguments)

    plan = Plan()
    plan = replace(plan, steps=chosen.steps or plan.steps, batch=chosen.batch or plan.batch, seed=chosen.seed)
    if chosen.drawn_steps is not None:
        plan = replace(plan, drawn_steps=chosen.drawn_steps)
    spec = InputSpec(plan.final_side, plan.final_side)
    trainer = Trainer(plan, chosen.runs, torch.device(chosen.device))
    resumed = trainer.resume()
    pictures = read_pictures(chosen.data)
    where = "resumed at" if resumed else "starting at"
    print(f"{len(pictures.regions)} region photos, {where} step {trainer.step} of {plan.last}", flush=True)
    trainer.fit(pictures, spec, chosen.look_every)
    if chosen.publish:
        release = publish_run(
            trainer.final_network(),
            pictures.validation,
            spec,
            chosen.data,
            chosen.publish,
            {**trainer.story(pictures), "note": chosen.note},
        )
        print(f"published {release.id}", flush=True)


if __name__ == "__main__":
    main()
