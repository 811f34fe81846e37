"""Eq. 5: both orderings' likelihood, and the divergence between what they say of the direction.

Every function returns one value a pair; the trainer weighs and averages them. Letters: ``b`` pairs,
``k`` kept positions, ``l`` compared positions, ``m`` compared outcomes, ``v`` vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from mard.lm.tags import MIRRORED_TAGS, direction_tag_ids
from mard.lm.tokenizer import MOST_ITEMS, RANKED, token_ids
from mard.sft.dataset import IGNORED, MirrorBatch

Scope = Literal["tag", "final_answer", "trace"]

_AFTER_SIDE = ("", "ATC:", *(f"{kind}:{rank}" for kind, rank in product(RANKED, range(1, MOST_ITEMS + 1))))
_SWAPPED_TEXTS = (
    ("a_to_b", "b_to_a"),
    *((f"{space}Drug A", f"{space}Drug B") for space in ("", " ")),
    *((f"{space}A", f"{space}B") for space in ("", " ")),
    *((f"{space}A:{rest}", f"{space}B:{rest}") for space, rest in product(("", " "), _AFTER_SIDE)),
    ("DBA", "DBB"),
)


@dataclass(frozen=True, slots=True)
class MirrorLoss:
    """The terms of Eq. 5, each [b].

    Attributes:
        nll_ab: Mean negative log-likelihood of a completion token in the AB ordering.
        nll_ba: The same of its twin.
        kl: Symmetric divergence between p_ab and the mirror of p_ba, over the scope.
        subtype_kl: The same between the two distributions at the subtype's first token.
    """

    nll_ab: Tensor
    nll_ba: Tensor
    kl: Tensor
    subtype_kl: Tensor

    def total(self, kl_weight: float, subtype_kl_weight: float = 0.0) -> Tensor:
        """(NLL_ab + NLL_ba) / 2 + lambda KL_sym(p_ab || pi p_ba), [b]."""
        nll = (self.nll_ab + self.nll_ba) / 2
        return nll + kl_weight * self.kl + subtype_kl_weight * self.subtype_kl


@dataclass(frozen=True, slots=True)
class Involution:
    """The mirror on a tokenizer's outcomes.

    Attributes:
        tags: [4], ids of the four direction tags.
        vocabulary: [v], the id that stands for the mirror of each id (most stand for themselves).
    """

    tags: Tensor
    vocabulary: Tensor

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, size: int) -> Involution:
        """Resolve from a tokenizer; ``size`` is the model's vocabulary, which may be padded.

        Raises:
            TokenizerError: The direction tags collide.
        """
        tags = direction_tag_ids(tokenizer)
        vocabulary = torch.arange(size)
        _swap(vocabulary, tags[0], tags[1])
        for one, other in _SWAPPED_TEXTS:
            ids = token_ids(tokenizer, one), token_ids(tokenizer, other)
            if len(ids[0]) == len(ids[1]) == 1:
                _swap(vocabulary, ids[0][0], ids[1][0])
        return cls(torch.tensor(tags), vocabulary)

    def to(self, device: torch.device) -> Involution:
        """The same on another device."""
        return Involution(self.tags.to(device), self.vocabulary.to(device))


def _swap(vocabulary: Tensor, one: int, other: int) -> None:
    vocabulary[one], vocabulary[other] = other, one


def mirror_loss(
    logits: Tensor, batch: MirrorBatch, involution: Involution, scope: Scope, *, subtype: bool = False
) -> MirrorLoss:
    """The terms of Eq. 5 for a batch of twins.

    ``scope`` says where the two orderings are compared. ``tag``: the four direction tags, at the
    direction's position. ``final_answer`` and ``trace``: all outcomes, under the vocabulary's
    involution, averaged over the positions of the answer (of the whole completion); twins are compared
    position by position as far as both go.

    The vocabulary is normalised once, and one look-up takes from it what the likelihood and the tag
    scope need: a second one would cost a second gradient of the size of the logits.

    Args:
        logits: [2b, k, v] at the kept positions.
        batch: What they were computed from.
        involution: Of the tokenizer.
        scope: Of the divergence.
        subtype: Whether to compute ``subtype_kl``; zeros otherwise.
    """
    log_probs = logits.float().log_softmax(dim=-1)
    said, tags = look_up(log_probs, batch.labels, involution.tags)
    nll = sequence_nll(said, batch.share)
    if scope == "tag":
        at = _at(tags, batch.direction)
        kl = mirror_kl(at[0::2], at[1::2], torch.tensor(MIRRORED_TAGS, device=logits.device))
    else:
        kl = _span_kl(log_probs, batch, involution, scope)
    at_subtype = torch.zeros_like(kl)
    if subtype:
        at = _at(log_probs, batch.subtype)
        at_subtype = symmetric_kl(at[0::2], at[1::2][:, involution.vocabulary])
    return MirrorLoss(nll[0::2], nll[1::2], kl, at_subtype)


def look_up(log_probs: Tensor, labels: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of each position's label [2b, k] and of the four tags [2b, k, 4].

    Args:
        log_probs: [2b, k, v].
        labels: [2b, k]; an IGNORED one reads outcome 0.
        tags: [4].
    """
    wanted = torch.cat((labels.clamp(min=0)[..., None], tags.expand(*labels.shape, -1)), dim=-1)
    found = log_probs.gather(-1, wanted)
    return found[..., 0], found[..., 1:]


def sequence_nll(said: Tensor, share: Tensor) -> Tensor:
    """Mean over a row's completion tokens, so that a long trace counts as much as a short one.

    Args:
        said: [2b, k], log-probability of each label.
        share: [2b, k], what each counts; see :class:`~mard.sft.dataset.MirrorBatch`.

    Returns:
        [2b]
    """
    return -(said * share).sum(dim=1)


def mirror_kl(logits_ab: Tensor, logits_ba: Tensor, permutation: Tensor) -> Tensor:
    """KL_sym(p || q) with p = p_ab and q = pi p_ba, each normalised over the outcomes given.

    Args:
        logits_ab: [..., m].
        logits_ba: [..., m].
        permutation: [m], the mirror of each outcome.

    Returns:
        [...]
    """
    log_p = logits_ab.float().log_softmax(dim=-1)
    log_q = logits_ba.float().log_softmax(dim=-1)[..., permutation]
    return symmetric_kl(log_p, log_q)


def symmetric_kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """(KL(p||q) + KL(q||p)) / 2 from log-probabilities [..., m]: [...]."""
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(dim=-1) / 2


def tag_logits(logits: Tensor, batch: MirrorBatch, involution: Involution) -> tuple[Tensor, Tensor]:
    """Logits of the four tags at the direction's position, AB and BA, each [b, 4]."""
    at = _at(logits, batch.direction)[:, involution.tags]
    return at[0::2], at[1::2]


def _span_kl(log_probs: Tensor, batch: MirrorBatch, involution: Involution, scope: Scope) -> Tensor:
    known = batch.labels != IGNORED
    if scope == "trace":
        first = known.int().argmax(dim=1)
        length = known.shape[1] - known.flip(1).int().argmax(dim=1) - first
    else:
        first, length = batch.final_answer, batch.answer_end - batch.final_answer
    shared = torch.minimum(length[0::2], length[1::2])
    steps = torch.arange(int(shared.max()), device=log_probs.device)
    places = (first[:, None] + steps).clamp(max=log_probs.shape[1] - 1)
    span = log_probs[torch.arange(len(log_probs), device=log_probs.device)[:, None], places]
    values = symmetric_kl(span[0::2], span[1::2][..., involution.vocabulary])
    inside = steps < shared[:, None]
    return (values * inside).sum(dim=1) / shared


def word_agreement(logits: Tensor, places: Tensor, involution: Involution) -> dict[str, Tensor]:
    """What the two orderings say at one position a row, over the whole vocabulary, each [b].

    Args:
        logits: [2b, k, v] at the kept positions.
        places: [2b], where to look.
        involution: Of the tokenizer.

    Returns:
        ``kl``: KL_sym between p_ab and the mirror of p_ba. ``mirror_error``: the two best outcomes are
        not mirror images.
    """
    said = _at(logits, places)
    ab, ba = said[0::2], said[1::2]
    best, mirrored = ab.argmax(dim=-1), involution.vocabulary[ba.argmax(dim=-1)]
    return {
        "kl": mirror_kl(ab, ba, involution.vocabulary),
        "mirror_error": (best != mirrored).float(),
    }


def _at(logits: Tensor, places: Tensor) -> Tensor:
    return logits[torch.arange(len(logits), device=logits.device), places]


def tag_agreement(ab: Tensor, ba: Tensor, gold: Sequence[int] | Tensor) -> dict[str, Tensor]:
    """What the two orderings say of the direction, each [b].

    Args:
        ab: [b, 4] logits of the tags in the AB ordering.
        ba: [b, 4] of its twin.
        gold: [b], index of the right tag in the AB ordering.

    Returns:
        ``correct``: the AB ordering's best tag is right. ``mirror_error``: the two best tags are not
        mirror images. ``mirror_distance``: total variation between p_ab and the mirror of p_ba.
    """
    permutation = torch.tensor(MIRRORED_TAGS, device=ab.device)
    p, q = ab.float().softmax(dim=-1), ba.float().softmax(dim=-1)[:, permutation]
    best = p.argmax(dim=-1)
    return {
        "correct": (best == torch.as_tensor(gold, device=ab.device)).float(),
        "mirror_error": (best != q.argmax(dim=-1)).float(),
        "mirror_distance": (p - q).abs().sum(dim=-1) / 2,
    }
