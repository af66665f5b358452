"""Fitting the scalp segmentation network: U-Net on MobileNetV2, partial labels, seeded and resumable.

Every step draws its pictures and their changes from a generator seeded with (seed, step), so a run that was stopped
goes on exactly where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
from vision.training.data import (
    DEFAULT_DATA,
    OUTSIDE,
    LabelledPhoto,
    list_bare_skin,
    list_hair_masks,
    list_scalp_regions,
    load_bare_skin,
    load_photos,
    on_side,
)
from vision.training.partial_loss import allowed_channels, group_dice_loss, marginal_log_loss
from vision.training.segmentation_release import publish_run
from vision.training.segmentation_validation import CHANNEL_BITS, CLASSES, DICE_GROUPS, OPTIONS, validate

CACHE_SIDE = 400
ENCODER_RATE = 0.3  # share of the learning rate that the pretrained encoder gets
AVERAGE_KEEP = 0.995
WALL_SHARE = 0.3  # of the last picture in a batch: how often it is drawn


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how to train. Two stages: most steps small, the rest at the size that is served."""

    steps: int = 1500
    batch: int = 16
    side: int = 192
    final_side: int = 256
    final_share: float = 0.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-2
    seed: int = 7

    def side_at(self, step: int) -> int:
        """Side of the training pictures at this step."""
        return self.final_side if step >= self.steps * (1 - self.final_share) else self.side

    def rate_at(self, step: int) -> float:
        """Learning rate: a short warm-up, then half a cosine."""
        warm = min(1.0, (step + 1) / 60)
        return self.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / self.steps)))


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is trained on, and what the checkpoint and the temperature are chosen by."""

    regions: list[LabelledPhoto]
    hair: list[LabelledPhoto]
    bare_skin: list[LabelledPhoto]
    validation: list[LabelledPhoto]


def read_pictures(data: Path) -> Pictures:
    """Training and validation people; those held out for the test are not opened."""
    regions, hair = list_scalp_regions(data), list_hair_masks(data)
    return Pictures(
        regions=list(load_photos(on_side(regions, "train"), CACHE_SIDE)),
        hair=list(load_photos(on_side(hair, "train"), CACHE_SIDE)),
        bare_skin=list(load_bare_skin(list_bare_skin(data, "train"), CACHE_SIDE)),
        validation=list(load_photos(on_side(regions, "validation"), 640))
        + list(load_photos(on_side(hair, "validation")[::8], 640)),
    )


def draw_batch(pictures: Pictures, plan: Plan, step: int, spec: InputSpec) -> tuple[Tensor, Tensor]:
    """Half regions, half hair masks, but one picture of bare skin and one with nothing at all."""
    rng = np.random.default_rng((plan.seed, step))
    side = plan.side_at(step)
    inputs, labels = [], []
    for position in range(plan.batch):
        source = pictures.regions if position < plan.batch // 2 else pictures.hair
        if position == plan.batch - 2 and pictures.bare_skin:
            source = pictures.bare_skin
        photo = source[int(rng.integers(len(source)))]
        if position == plan.batch - 1:
            photo = drawn_wall(rng) if rng.random() < WALL_SHARE else cut_outside(photo, rng) or photo
        image, allowed = augment(photo, side, rng)
        inputs.append(normalise(image, spec))
        labels.append(allowed)
    return torch.from_numpy(np.stack(inputs)), torch.from_numpy(np.stack(labels))


def drawn_wall(rng: np.random.Generator) -> LabelledPhoto:
    """A drawn picture of nothing: one colour running into another, more or less grainy."""
    along = np.linspace(0, 1, CACHE_SIDE, dtype=np.float32)
    first, second = rng.uniform(0, 255, (2, 3)).astype(np.float32)
    second = first + (second - first) * np.float32(rng.uniform(0, 0.6))
    ramp = first + (second - first) * along[:, None, None]
    grain = rng.standard_normal((CACHE_SIDE, CACHE_SIDE, 1), dtype=np.float32) * np.float32(rng.uniform(0, 25))
    image = np.clip(ramp + grain, 0, 255).astype(np.uint8)
    return LabelledPhoto(image, np.full(image.shape[:2], OUTSIDE, np.uint8), "drawn", "drawn", "wall")


def cut_outside(photo: LabelledPhoto, rng: np.random.Generator) -> LabelledPhoto | None:
    """A piece of the picture in which only background and face are possible, or nothing when none was met."""
    height, width = photo.image.shape[:2]
    for _ in range(8):
        side = int(rng.integers(min(height, width) // 4, min(height, width) // 2 + 1))
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        piece = (slice(top, top + side), slice(left, left + side))
        if (photo.allowed[piece] == OUTSIDE).all():
            return LabelledPhoto(photo.image[piece], photo.allowed[piece], photo.person, photo.source, photo.name)
    return None


def loss_of(logits: Tensor, allowed: Tensor, region_count: int) -> Tensor:
    """Marginal log loss on all pictures, plus Dice on those whose regions are drawn (the first ``region_count``)."""
    possible = allowed_channels(allowed, CHANNEL_BITS)
    probabilities = logits[:region_count].float().softmax(1)
    dice = group_dice_loss(probabilities, possible[:region_count], DICE_GROUPS)
    return marginal_log_loss(logits, possible) + 0.5 * dice


class Trainer:
    """The state of a run: network, its running average, optimiser, step, minutes and curve."""

    def __init__(self, plan: Plan, folder: Path, device: torch.device, encoder_weights: Path | None) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.folder, self.device = plan, folder, device
        self.network = build_unet(OPTIONS, len(CLASSES))
        if encoder_weights is not None:
            load_encoder(self.network, encoder_weights)
        self.network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        encoder = list(self.network.encoder.parameters())  # type: ignore[union-attr]
        rest = [value for name, value in self.network.named_parameters() if not name.startswith("encoder.")]
        self.optimiser = torch.optim.AdamW(
            [{"params": encoder, "share": ENCODER_RATE}, {"params": rest, "share": 1.0}],
            lr=plan.learning_rate,
            weight_decay=plan.weight_decay,
        )
        self.step = 0
        self.minutes = 0.0
        self.best = -1.0
        self.curve: list[dict[str, float]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def fit(self, pictures: Pictures, spec: InputSpec, look_every: int) -> None:
        """Run to the plan's last step, looking at the validation people every ``look_every`` steps."""
        running: list[float] = []
        progress = tqdm(total=self.plan.steps, initial=self.step, unit="step", mininterval=10)
        while self.step < self.plan.steps:
            began = time.monotonic()
            running.append(self._one_step(pictures, spec))
            self.minutes += (time.monotonic() - began) / 60
            progress.update()
            progress.set_postfix(loss=f"{np.mean(running[-50:]):.3f}", refresh=False)
            if self.step % look_every == 0 or self.step == self.plan.steps:
                self._look(pictures, spec, float(np.mean(running[-look_every:])))
        progress.close()

    def _one_step(self, pictures: Pictures, spec: InputSpec) -> float:
        inputs, allowed = draw_batch(pictures, self.plan, self.step, spec)
        inputs = inputs.to(self.device, memory_format=torch.channels_last)
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate_at(self.step) * group["share"]
        self.network.train()
        # bfloat16 pays on CUDA; on CPUs without its instructions it is several times slower.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = self.network(inputs)
        loss = loss_of(logits, allowed.to(self.device), self.plan.batch // 2)
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
        if figures["choice"] >= self.best:
            self.best = figures["choice"]
            torch.save(self.average, self.folder / "best.pt")
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
            "best": self.best,
            "curve": self.curve,
            "plan": asdict(self.plan),
        }
        torch.save(state, self.folder / "last.pt.part")
        (self.folder / "last.pt.part").replace(self.folder / "last.pt")

    def best_network(self) -> nn.Module:
        """The averaged network that did best on the validation people."""
        return averaged(torch.load(self.folder / "best.pt", map_location="cpu", weights_only=True))

    def story(self, pictures: Pictures) -> dict[str, Any]:
        """What ``metrics.json`` tells of the training."""
        return {
            "plan": asdict(self.plan),
            "steps": self.step,
            "chosen_step": int(max(self.curve, key=lambda point: point["choice"])["step"]) if self.curve else self.step,
            "minutes": round(self.minutes, 1),
            "device": self.device.type.upper(),
            "region_photos": len(pictures.regions),
            "hair_photos": len(pictures.hair),
            "bare_skin_photos": len(pictures.bare_skin),
            "validation_photos": len(pictures.validation),
            "curve": [{name: round(float(value), 4) for name, value in point.items()} for point in self.curve],
        }

    def resume(self) -> bool:
        """Go on from ``last.pt`` of the same plan, if there is one; only the number of steps may have changed."""
        path = self.folder / "last.pt"
        if not path.is_file():
            return False
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        if {**state["plan"], "steps": self.plan.steps} != asdict(self.plan):
            raise SystemExit(f"{path} belongs to another plan; choose another --runs folder or remove it")
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.minutes, self.best = state["step"], state["minutes"], state["best"]
        self.curve = state["curve"]
        return True


def load_encoder(network: nn.Module, path: Path) -> None:
    """Load ImageNet weights (torchvision's key layout) into the encoder; its classifier is left out."""
    from safetensors.torch import load_file

    weights = {name: value.float() if value.is_floating_point() else value for name, value in load_file(path).items()}
    network.encoder.load_state_dict(weights)  # type: ignore[union-attr]


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
    parser.add_argument("--steps", type=int, default=Plan().steps)
    parser.add_argument("--batch", type=int, default=Plan().batch)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--look-every", type=int, default=100)
    parser.add_argument("--publish", metavar="VERSION", help="write the best checkpoint as a release when done")
    parser.add_argument("--note", default="", help="a sentence for the card on how the run was led")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    chosen = parser.parse_args(arguments)

    plan = Plan(steps=chosen.steps, batch=chosen.batch, seed=chosen.seed)
    spec = InputSpec(plan.final_side, plan.final_side)
    weights = chosen.data / "weights" / "mobilenet_v2_imagenet.safetensors"
    trainer = Trainer(plan, chosen.runs, torch.device(chosen.device), weights if weights.is_file() else None)
    resumed = trainer.resume()
    pictures = read_pictures(chosen.data)
    print(
        f"{len(pictures.regions)} region photos, {len(pictures.hair)} hair photos, {len(pictures.validation)} for "
        f"validation; {'resumed at' if resumed else 'starting at'} step {trainer.step}",
        flush=True,
    )
    trainer.fit(pictures, spec, chosen.look_every)
    if chosen.publish:
        release = publish_run(
            trainer.best_network(),
            pictures.validation,
            spec,
            chosen.data,
            chosen.publish,
            {**trainer.story(pictures), "note": chosen.note},
        )
        print(f"published {release.id}", flush=True)


if __name__ == "__main__":
    main()
