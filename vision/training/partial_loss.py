"""Losses for labels that are sets of possible classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def allowed_channels(allowed: Tensor, channel_bits: Sequence[int]) -> Tensor:
    """N x C x H x W bool from N x H x W bit sets: a channel is possible when any of its classes is."""
    masks = torch.tensor(channel_bits, dtype=allowed.dtype, device=allowed.device).view(1, -1, 1, 1)
    return (allowed.unsqueeze(1) & masks) != 0


def marginal_log_loss(logits: Tensor, possible: Tensor) -> Tensor:
    """Mean over pixels of -log of the probability that the class is one of the possible ones.

    ``logits`` N x C x H x W, ``possible`` likewise, bool. With one possible class this is cross entropy; with all
    possible it is zero. Pixels where nothing is possible are left out.
    """
    logits = logits.float()
    impossible = torch.finfo(torch.float32).min
    log_possible = torch.logsumexp(logits.masked_fill(~possible, impossible), dim=1)
    loss = torch.logsumexp(logits, dim=1) - log_possible
    counted = possible.any(dim=1)
    return (loss * counted).sum() / counted.sum().clamp(min=1)


def group_dice_loss(probabilities: Tensor, possible: Tensor, groups: Sequence[Sequence[int]]) -> Tensor:
    """Mean over groups of channels of 1 - Dice, pooled over the batch, for labels that decide the group.

    A pixel is inside a group when only channels of the group are possible, outside when none is, and left out else.
    """
    losses = []
    for group in groups:
        members = list(group)
        others = [channel for channel in range(possible.shape[1]) if channel not in members]
        inside = ~possible[:, others].any(1)
        decided = (inside | ~possible[:, members].any(1)).float()
        predicted = probabilities[:, members].sum(1) * decided
        wanted = inside.float() * decided
        losses.append(1 - (2 * (predicted * wanted).sum() + 1) / (predicted.sum() + wanted.sum() + 1))
    return torch.stack(losses).mean()
