"""Small linear readers of the maps in which the gate's network sees a picture: which view of a head it shows.

Their weights (``view_reader.npz``, some tens of kilobytes) are written by ``python -m vision train gate_views`` and
hold for the very network they were fitted on: with any other the reader is silent, and a test fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.quality.head import HeadLook, Seen, look_for_head, network_sha256
from vision.quality.pixels import reduced
from vision.segment import softmax
from vision.types import RgbImage, View

VIEW_WEIGHTS: Final = Path(__file__).with_name("view_reader.npz")

VIEWS_READ: Final = (View.HAIRLINE, View.OCCIPUT, View.TEMPLE_LEFT, View.TEMPLE_RIGHT, View.CROWN)
"""What the reader tells apart: front, back, left, right and top of a head. A sixth answer is "not upright"."""

STANDS_FOR: Final[Mapping[View, tuple[View, ...]]] = {
    View.CROWN: (View.CROWN,),
    View.PART: (View.CROWN, View.HAIRLINE),  # a parting is seen from above, and often from the front too
    View.HAIRLINE: (View.HAIRLINE,),
    View.OCCIPUT: (View.OCCIPUT,),
    View.TEMPLE_LEFT: (View.TEMPLE_LEFT,),
    View.TEMPLE_RIGHT: (View.TEMPLE_RIGHT,),
}
"""What a right photograph of each view may look like to the reader."""

LEAST: Final = 1e-6

Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reader:
    """A linear reader: ``softmax(features @ weights + bias)``; ``head`` is the sha256 of the network it reads."""

    weights: Numbers  # features x answers
    bias: Numbers
    head: str

    @property
    def knows_the_network(self) -> bool:
        """Whether it was fitted on the network that the gate runs."""
        return self.head == network_sha256()

    def probabilities(self, features: Numbers) -> Numbers:
        """One per answer."""
        return np.asarray(softmax((features @ self.weights + self.bias)[:, None])[:, 0], np.float32)


@dataclass(frozen=True, slots=True)
class OtherView:
    """How much more likely the picture is to show ``view`` than the view asked for: log of the ratio of both."""

    certainty: float
    view: View


def view_features(seen: Seen) -> Numbers:
    """The maps in quarters of the canvas: 1248 x 2 x 2 as square roots (they are many small and few large), then
    120 x 2 x 2."""
    return np.concatenate([np.sqrt(np.maximum(_quarters(seen.deep), 0)), _quarters(seen.middle)])


def other_view(image: RgbImage, look: HeadLook, asked: View) -> OtherView:
    """Whether the picture rather shows another view than the one asked for.

    An upright picture is answered from what was seen already; where that does not speak for the view asked for, the
    picture is looked at turned by quarters too, for telephones that forget which way they were held.
    """
    if not view_reader().knows_the_network:
        return OtherView(0.0, asked)
    return decided(upright(look), lambda: any_way_up(image, look), asked)


def decided(as_it_lies: Numbers, any_way: Callable[[], Numbers], asked: View) -> OtherView:
    """What is said from the shares of each view as the picture lies, and if need be in its likeliest turn."""
    found = against(as_it_lies, asked)
    return found if found.certainty <= 0 else against(any_way(), asked)


def upright(look: HeadLook) -> Numbers:
    """How likely each of :data:`VIEWS_READ` is, as the picture lies."""
    assert look.seen is not None, "made by look_for_head"
    return view_reader().probabilities(view_features(look.seen))[: len(VIEWS_READ)]


def any_way_up(image: RgbImage, look: HeadLook) -> Numbers:
    """The same in the turn by quarters in which one view is likeliest."""
    small = reduced(image)
    turned = (look_for_head(np.ascontiguousarray(np.rot90(small, quarters))) for quarters in (1, 2, 3))
    return likeliest([upright(look), *map(upright, turned)])


def likeliest(turns: Sequence[Numbers]) -> Numbers:
    """The shares of the turn in which one view is likeliest."""
    return max(turns, key=lambda shares: float(shares.max()))


def against(shares: Numbers, asked: View) -> OtherView:
    """The likeliest other view, held against the view asked for. ``shares`` in the order of :data:`VIEWS_READ`."""
    right = [VIEWS_READ.index(view) for view in STANDS_FOR[asked]]
    others = shares.copy()
    others[right] = 0
    other = int(others.argmax())
    ratio = (others[other] + LEAST) / (shares[right].sum() + LEAST)
    return OtherView(float(np.log(ratio)), VIEWS_READ[other])


def _quarters(maps: Numbers) -> Numbers:
    """Means of the quarters: bands x 2 x 2, flat. The middle row and column of an odd map count half on both sides."""
    down, across = (_halves(edge) for edge in maps.shape[1:])
    return np.asarray(np.einsum("yr,brc,xc->byx", down, maps, across), np.float32).ravel()


def _halves(edge: int) -> Numbers:
    """Weights of the means of the first and the second half of ``edge`` places: 2 x edge."""
    first: Numbers = np.clip(edge / 2 - np.arange(edge, dtype=np.float32), 0, 1)
    return np.stack([first, first[::-1]]) * np.float32(2 / edge)


@cache
def view_reader() -> Reader:
    """The shipped reader of views."""
    return shipped_reader(VIEW_WEIGHTS)


def shipped_reader(file: Path) -> Reader:
    """A reader as ``train gate_views`` and ``train gate_covers`` write it."""
    with np.load(file, allow_pickle=False) as held:
        return Reader(held["weights"].astype(np.float32), held["bias"].astype(np.float32), str(held["head"]))
