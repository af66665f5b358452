"""Fitting the hair network of trichoscopy: points and arrows on MobileNetV2, seeded and resumable.

Every step draws its pictures and their changes from a generator seeded with (seed, step), so a run that was stopped
goes on exactly where it was.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from vision.preprocess import normalise
from vision.release import InputSpec
from vision.runtime.architectures import fold_batch_norms
from vision.runtime.hair_network import HairNetwork
from vision.training.curve import save_curve
from vision.training.data import DEFAULT_DATA
from vision.training.hairs_augment import place
from vision.training.hairs_data import HairPicture, hairs_on_side, list_hair_files, load_pictures
from vision.training.hairs_target import draw_target, hair_loss
from vision.training.hairs_validation import OPTIONS, SPEC, validate

FROZEN_STAGES: Final = 4
"""Encoder blocks that keep their ImageNet filters: they see edges and colour, and cost most of a step."""
ENCODER_RATE: Final = 0.4
AVERAGE_KEEP: Final = 0.995
TIE: Final = 0.002
"""Figures this near to the best count as equal to it; of equals the later one is taken: its arrows are better."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how to train."""

    steps: int = 1500
    batch: int = 8
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    seed: int = 7

    def rate_at(self, step: int) -> float:
        """Learning rate: a short warm-up, then half a cosine."""
        warm = min(1.0, (step + 1) / 60)
        return self.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps))))


def draw_batch(pictures: Sequence[HairPicture], plan: Plan, step: int, spec: InputSpec) -> tuple[Tensor, ...]:
    """Inputs, heat, weight, arrow, kind. All pictures of a batch lie, or all stand, so that none is padded to a square.

    Pictures come in rounds: every one is shown once before any is shown again.
    """
    rng = np.random.default_rng((plan.seed, step))
    turned = bool(rng.random() < 0.5)
    size = (spec.height, spec.width) if turned else (spec.width, spec.height)
    inputs, targets = [], []
    for position in range(plan.batch):
        number = step * plan.batch + position
        order = np.random.default_rng((plan.seed, 1 << 20, number // len(pictures))).permutation(len(pictures))
        picture = pictures[int(order[number % len(pictures)])]
        image, arrows, weight = place(picture, size, turned, rng)
        inputs.append(normalise(image, spec))
        targets.append(draw_target(arrows, picture.kinds, weight))
    stacks = [[getattr(target, name) for target in targets] for name in ("heat", "weight", "arrow", "kind")]
    return (torch.from_numpy(np.stack(inputs)), *(torch.from_numpy(np.stack(stack)) for stack in stacks))


class Trainer:
    """The state of a run: network, its running average, optimiser, step, minutes and curve."""

    def __init__(self, plan: Plan, folder: Path, device: torch.device, encoder_weights: Path | None) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.folder, self.device = plan, folder, device
        self.network = new_network(encoder_weights).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        for parameter in self.network.encoder[:FROZEN_STAGES].parameters():
            parameter.requires_grad_(False)
        named = [(name, value) for name, value in self.network.named_parameters() if value.requires_grad]
        encoder = [value for name, value in named if name.startswith("encoder.")]
        rest = [value for name, value in named if not name.startswith("encoder.")]
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

    def fit(self, train: Sequence[HairPicture], validation: Sequence[HairPicture], look_every: int) -> None:
        """Run to the plan's last step, looking at the validation people every ``look_every`` steps."""
        running: list[dict[str, float]] = []
        progress = tqdm(total=self.plan.steps, initial=self.step, unit="step", mininterval=10)
        while self.step < self.plan.steps:
            began = time.monotonic()
            running.append(self._one_step(train))
            self.minutes += (time.monotonic() - began) / 60
            progress.update()
            progress.set_postfix(loss=f"{np.mean([one['train_loss'] for one in running[-50:]]):.3f}", refresh=False)
            if self.step % look_every == 0 or self.step == self.plan.steps:
                recent = running[-look_every:]
                self._look(validation, {name: float(np.mean([one[name] for one in recent])) for name in recent[0]})
        progress.close()

    def _one_step(self, pictures: Sequence[HairPicture]) -> dict[str, float]:
        inputs, *wanted = (part.to(self.device) for part in draw_batch(pictures, self.plan, self.step, SPEC))
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate_at(self.step) * group["share"]
        self.network.train()
        # bfloat16 pays on CUDA; on CPUs without its instructions it is several times slower.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            with torch.no_grad():
                early = self.network.early(inputs.contiguous(memory_format=torch.channels_last))
            maps = self.network.late(*early)
        loss, parts = hair_loss(maps.float(), *wanted)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        return {"train_loss": float(loss.detach()), **parts}

    def _follow(self) -> None:
        keep = min(AVERAGE_KEEP, self.step / (self.step + 10))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - keep)
                else:
                    self.average[name].copy_(value)

    def _look(self, validation: Sequence[HairPicture], losses: dict[str, float]) -> None:
        figures = validate(averaged(self.average), validation)
        self.curve.append({"step": self.step, "minutes": self.minutes, **losses, **figures})
        if figures["f1"] >= self.best - TIE:
            self.best = max(self.best, figures["f1"])
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

    def best_network(self) -> HairNetwork:
        """The averaged network that did best on the validation people."""
        return averaged(torch.load(self.folder / "best.pt", map_location="cpu", weights_only=True))

    def _chosen_step(self) -> int:
        best = max((point["f1"] for point in self.curve), default=0.0)
        return int(max((point["step"] for point in self.curve if point["f1"] >= best - TIE), default=self.step))

    def story(self, train: Sequence[HairPicture], validation: Sequence[HairPicture]) -> dict[str, Any]:
        """What ``metrics.json`` tells of the training."""
        return {
            "plan": asdict(self.plan),
            "steps": self.step,
            "chosen_step": self._chosen_step(),
            "minutes": round(self.minutes, 1),
            "device": self.device.type.upper(),
            "train_pictures": len(train),
            "train_people": len({picture.patient for picture in train}),
            "validation_pictures": len(validation),
            "validation_people": len({picture.patient for picture in validation}),
            "curve": [{name: round(float(value), 4) for name, value in point.items()} for point in self.curve],
        }


def new_network(encoder_weights: Path | None) -> HairNetwork:
    """Encoder from ImageNet (torchvision's key layout) where there is a file, its normalisations folded in."""
    network = HairNetwork(OPTIONS)
    if encoder_weights is not None:
        from safetensors.torch import load_file

        there = {
            name.removeprefix("features."): value.float() if value.is_floating_point() else value
            for name, value in load_file(encoder_weights).items()
            if name.startswith("features.")
        }
        network.encoder.load_state_dict({name: there[name] for name in network.encoder.state_dict()})
    fold_batch_norms(network.encoder)
    return network


def averaged(weights: dict[str, Tensor]) -> HairNetwork:
    """A network for inference with these weights, on CPU."""
    network = new_network(None)
    network.load_state_dict({name: value.cpu() for name, value in weights.items()})
    return copy.deepcopy(network).eval()


def main(arguments: Sequence[str] | None = None) -> None:
    """``python -m vision train trichoscopy``."""
    parser = argparse.ArgumentParser(prog="vision train trichoscopy", description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="the folder above trichoscopy/ and weights/")
    parser.add_argument("--runs", type=Path, default=Path("runs/trichoscopy"))
    parser.add_argument("--steps", type=int, default=Plan().steps)
    parser.add_argument("--batch", type=int, default=Plan().batch)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--look-every", type=int, default=150)
    parser.add_argument("--publish", metavar="VERSION", help="write the best checkpoint as a release when done")
    parser.add_argument("--note", default="", help="a sentence for the card on how the run was led")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    chosen = parser.parse_args(arguments)

    plan = Plan(steps=chosen.steps, batch=chosen.batch, seed=chosen.seed)
    weights = chosen.data / "weights" / "mobilenet_v2_imagenet.safetensors"
    trainer = Trainer(plan, chosen.runs, torch.device(chosen.device), weights if weights.is_file() else None)
    resumed = trainer.resume()
    files = list_hair_files(chosen.data)
    train = load_pictures(hairs_on_side(files, "train"))
    validation = load_pictures(hairs_on_side(files, "validation"))
    print(
        f"{len(train)} pictures to train on, {len(validation)} for validation; "
        f"{'resumed at' if resumed else 'starting at'} step {trainer.step}",
        flush=True,
    )
    trainer.fit(train, validation, chosen.look_every)
    if chosen.publish:
        from vision.training.hairs_release import publish_run

        story = {**trainer.story(train, validation), "note": chosen.note}
        release = publish_run(trainer.best_network(), chosen.data, chosen.publish, story)
        print(f"published {release.id}", flush=True)


if __name__ == "__main__":
    main()
