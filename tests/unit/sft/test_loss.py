from __future__ import annotations

import re
from math import log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from mard.label.taxonomy import load_taxonomy
from mard.lm.form import Form
from mard.lm.tags import MIRRORED_TAGS, direction_tag_ids
from mard.lm.tokenizer import token_ids, trace_pieces, train_tokenizer
from mard.sft.dataset import IGNORED, MirrorBatch, encode_examples
from mard.sft.loss import (
    Involution,
    MirrorLoss,
    look_up,
    mirror_kl,
    mirror_loss,
    sequence_nll,
    tag_agreement,
    tag_logits,
    word_agreement,
)
from mard.sft.train import kept_logits
from tests import students

TAGS = torch.tensor(MIRRORED_TAGS)


def logs(*p: float) -> torch.Tensor:
    return torch.tensor([p]).log()


def batch_of(count: int = 3) -> MirrorBatch:
    tokenizer = students.tokenizer()
    pairs = encode_examples(
        students.examples()[:count], tokenizer, max_length=512, identity_dropout=0.0, seed=1
    )
    return MirrorBatch.of(pairs, tokenizer.pad_token_id)


def involution() -> Involution:
    return Involution.of(students.tokenizer(), len(students.tokenizer()))


def test_likelihood_is_a_mean_over_the_completion_by_hand() -> None:
    # Two outcomes, P = (3/4, 1/4) everywhere. Row 0 completes with outcomes 0 and 1, row 1 with 0.
    log_probs = torch.tensor([3 / 4, 1 / 4]).log().expand(2, 3, 2)
    labels = torch.tensor([[0, 1, IGNORED], [IGNORED, 0, IGNORED]])
    said, tags = look_up(log_probs, labels, torch.tensor([1, 0, 1, 0]))
    assert said[0].exp().tolist() == pytest.approx([3 / 4, 1 / 4, 3 / 4])  # the last is not counted
    assert tags[1, 2].exp().tolist() == pytest.approx([1 / 4, 3 / 4, 1 / 4, 3 / 4])
    known = labels != IGNORED
    found = sequence_nll(said, known / known.sum(dim=1, keepdim=True))
    assert found.tolist() == pytest.approx([(-log(3 / 4) - log(1 / 4)) / 2, -log(3 / 4)])


def test_the_loss_and_its_gradient_are_those_of_cross_entropy() -> None:
    batch = batch_of()
    logits = torch.randn(*batch.labels.shape, len(students.tokenizer()), requires_grad=True)
    other = logits.detach().clone().requires_grad_()
    terms = mirror_loss(logits, batch, involution(), "tag")
    (terms.nll_ab + terms.nll_ba).sum().backward()
    values = functional.cross_entropy(
        other.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED, reduction="none"
    )
    known = batch.labels != IGNORED
    expected = values.view_as(known).sum(dim=1) / known.sum(dim=1)
    expected.sum().backward()
    assert torch.allclose(terms.nll_ab, expected[0::2])
    assert torch.allclose(terms.nll_ba, expected[1::2])
    assert torch.allclose(logits.grad, other.grad, atol=1e-8)


def test_divergence_by_hand() -> None:
    # p = (1/2, 1/4, 1/8, 1/8); p_ba = (1/2, 1/4, 1/8, 1/8) mirrors to q = (1/4, 1/2, 1/8, 1/8).
    # KL(p||q) = 1/2 log 2 + 1/4 log 1/2 = 1/4 log 2, and KL(q||p) the same.
    p = logs(1 / 2, 1 / 4, 1 / 8, 1 / 8)
    assert mirror_kl(p, p, TAGS).item() == pytest.approx(log(2) / 4)


def test_mirror_images_do_not_diverge() -> None:
    ab, ba = logs(0.6, 0.2, 0.15, 0.05), logs(0.2, 0.6, 0.15, 0.05)
    assert mirror_kl(ab, ba, TAGS).item() == pytest.approx(0, abs=1e-7)


@given(st.lists(st.floats(-5, 5), min_size=8, max_size=8))
def test_divergence_is_symmetric_under_the_mirror_and_never_negative(values: list[float]) -> None:
    ab, ba = torch.tensor(values).view(2, 1, 4)
    value = mirror_kl(ab, ba, TAGS)
    assert value.item() >= -1e-6
    assert mirror_kl(ba, ab, TAGS).item() == pytest.approx(value.item(), abs=1e-5)


def test_equation_5_by_hand() -> None:
    terms = MirrorLoss(*(torch.tensor([value]) for value in (1.0, 3.0, 0.5, 4.0)))
    assert terms.total(0.1).item() == pytest.approx(2.05)  # (1 + 3) / 2 + 0.1 * 0.5
    assert terms.total(0.0).item() == pytest.approx(2.0)
    assert terms.total(0.1, 0.25).item() == pytest.approx(3.05)


@pytest.fixture
def by_hand() -> tuple[torch.Tensor, MirrorBatch, Involution]:
    """Five outcomes, of which 0 and 1 are each other's mirror and 0 to 3 are the tags; four positions.

    AB is completed from position 1 on, its answer begins at 2; BA from 0 on, its answer begins at 1.
    What AB says at 1, 2 and 3 is compared with what BA says at 0, 1 and 2; at its 0 and 3 they say noise.
    """
    one, other = (1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 2), (1 / 8, 1 / 4, 1 / 16, 1 / 16, 1 / 2)
    last, swapped = (1 / 16, 1 / 16, 1 / 4, 1 / 8, 1 / 2), (1 / 16, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
    noise = (1 / 64, 1 / 8, 11 / 64, 3 / 16, 1 / 2)
    p = torch.tensor([[noise, one, one, last], [one, other, swapped, noise]])
    places = {
        "final_answer": [2, 1],
        "family": [2, 1],
        "subtype": [1, 0],
        "direction": [3, 2],
        "answer_end": [4, 4],
    }
    batch = MirrorBatch(
        input_ids=torch.zeros(2, 5, dtype=torch.long),
        labels=torch.tensor([[IGNORED, 4, 4, 4], [4, 4, 4, 4]]),
        share=torch.tensor([[0, 1 / 3, 1 / 3, 1 / 3], [1 / 4] * 4]),
        weight=torch.ones(1),
        **{name: torch.tensor(own) for name, own in places.items()},
    )
    return p.log(), batch, Involution(torch.arange(4), torch.tensor([1, 0, 2, 3, 4]))


@pytest.mark.parametrize(
    ("scope", "share"),
    [
        # The four tags alone, at 3 and 2: (1/8, 1/8, 1/2, 1/4) and (1/8, 1/8, 1/4, 1/2) are their own
        # mirrors; KL = 1/2 log 2 - 1/4 log 2 either way.
        ("tag", 1 / 4),
        # All outcomes. `one` and the mirror of `other` are the same: 0. `last` and `swapped`: half the
        # mass is elsewhere, 1/4 log 2 - 1/8 log 2. Mean of 0 and 1/8.
        ("final_answer", 1 / 16),
        # One position more: `one` twice, of which the mirror is `other`: 1/4 log 2 - 1/8 log 2.
        ("trace", 1 / 12),
    ],
)
def test_every_scope_by_hand(by_hand, scope: str, share: float) -> None:
    terms = mirror_loss(*by_hand, scope, subtype=True)
    assert terms.kl.tolist() == pytest.approx([share * log(2)])
    assert terms.subtype_kl.tolist() == pytest.approx([log(2) / 8])  # `one` twice, at 1 and 0
    assert terms.nll_ab.tolist() == terms.nll_ba.tolist() == pytest.approx([log(2)])
    assert terms.total(0.1, 0.2).item() == pytest.approx((1 + 0.1 * share + 0.2 / 8) * log(2))


def test_the_vocabulary_is_mirrored_like_the_text() -> None:
    tokenizer = students.tokenizer()
    mirrored = involution().vocabulary
    for one, other in (("a_to_b", "b_to_a"), (" Drug A", " Drug B"), ("B:", "A:"), ("A:ATC:", "B:ATC:")):
        ((left,), (right,)) = token_ids(tokenizer, one), token_ids(tokenizer, other)
        assert mirrored[left] == right
    assert torch.equal(mirrored[mirrored], torch.arange(len(tokenizer)))
    assert (mirrored != torch.arange(len(tokenizer))).sum() < 30


def test_the_tag_scope_reads_four_tags_at_the_direction() -> None:
    batch, ids = batch_of(), direction_tag_ids(students.tokenizer())
    logits = torch.randn(*batch.labels.shape, len(students.tokenizer()))
    found = mirror_loss(logits, batch, involution(), "tag").kl
    for pair in range(3):
        ab = logits[2 * pair, batch.direction[2 * pair]][list(ids)]
        ba = logits[2 * pair + 1, batch.direction[2 * pair + 1]][list(ids)]
        assert found[pair] == pytest.approx(mirror_kl(ab, ba, TAGS).item(), abs=1e-6)


@pytest.mark.parametrize(("scope", "start"), [("final_answer", "final_answer"), ("trace", None)])
def test_wider_scopes_average_over_their_positions(scope: str, start: str | None) -> None:
    batch = batch_of()
    logits = torch.randn(*batch.labels.shape, len(students.tokenizer()))
    found = mirror_loss(logits, batch, involution(), scope).kl
    for pair in range(3):
        spans = []
        for row in (2 * pair, 2 * pair + 1):
            known = (batch.labels[row] != IGNORED).nonzero().flatten().tolist()
            begin = known[0] if start is None else getattr(batch, start)[row].item()
            spans.append(logits[row, begin : known[-1] + 1])
        expected = mirror_kl(spans[0], spans[1], involution().vocabulary).mean()
        assert found[pair].item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_model_that_mirrors_perfectly_does_not_diverge_in_any_scope() -> None:
    batch, mirrored = batch_of(), involution().vocabulary
    logits = torch.randn(*batch.labels.shape, len(students.tokenizer()))
    logits[1::2] = logits[0::2][..., mirrored]
    for name in ("final_answer", "family", "subtype", "direction"):
        getattr(batch, name)[1::2] = getattr(batch, name)[0::2]
    batch.labels[1::2] = batch.labels[0::2]
    for scope in ("tag", "final_answer", "trace"):
        found = mirror_loss(logits, batch, involution(), scope, subtype=True)
        assert found.kl.abs().max() < 1e-6
        assert found.subtype_kl.abs().max() < 1e-6


def test_the_subtype_term_is_off_unless_asked_for() -> None:
    batch = batch_of()
    logits = torch.randn(*batch.labels.shape, len(students.tokenizer()))
    assert mirror_loss(logits, batch, involution(), "tag").subtype_kl.tolist() == [0, 0, 0]
    assert (mirror_loss(logits, batch, involution(), "tag", subtype=True).subtype_kl > 0).all()


def test_padding_and_batching_do_not_change_a_pair() -> None:
    tokenizer = students.tokenizer()
    model = students.model().eval()
    pairs = encode_examples(students.examples(), tokenizer, max_length=512, identity_dropout=0.5, seed=1)
    assert len({pair.length for pair in pairs}) > 1
    together = MirrorBatch.of(pairs, tokenizer.pad_token_id)
    with torch.inference_mode():
        whole = mirror_loss(kept_logits(model, together), together, involution(), "tag").total(0.1)
        for index, pair in enumerate(pairs):
            alone = MirrorBatch.of([pair], tokenizer.pad_token_id)
            value = mirror_loss(kept_logits(model, alone), alone, involution(), "tag").total(0.1)
            assert value.item() == pytest.approx(whole[index].item(), abs=1e-5)


def test_agreement_by_hand() -> None:
    ab = torch.cat([logs(0.7, 0.1, 0.1, 0.1), logs(0.7, 0.1, 0.1, 0.1)])
    ba = torch.cat([logs(0.1, 0.7, 0.1, 0.1), logs(0.6, 0.2, 0.1, 0.1)])
    found = tag_agreement(ab, ba, gold=[0, 1])
    assert found["correct"].tolist() == [1, 0]
    assert found["mirror_error"].tolist() == [0, 1]
    # The second: p = (.7, .1, .1, .1) and the mirror of (.6, .2, .1, .1) is (.2, .6, .1, .1).
    assert found["mirror_distance"].tolist() == pytest.approx([0, 0.5], abs=1e-6)


def test_agreement_on_a_word_by_hand(by_hand) -> None:
    logits, batch, own = by_hand
    logits = logits.clone()
    # `one` and the mirror of `other` are the same: so are their favourites, outcome 4.
    same = word_agreement(logits, batch.family, own)
    assert same["kl"].tolist() == pytest.approx([0], abs=1e-7)
    assert same["mirror_error"].tolist() == [0]
    # `one` twice: log 2 / 8 apart, as above. Without outcome 4 both favour 0, whose mirror is 1:
    # p = (1/2, 1/4, 1/8, 1/8), and KL = 1/2 log 2 - 1/4 log 2.
    assert word_agreement(logits, batch.subtype, own)["kl"].tolist() == pytest.approx([log(2) / 8])
    logits[..., 4] = -30
    apart = word_agreement(logits, batch.subtype, own)
    assert apart["kl"].tolist() == pytest.approx([log(2) / 4])
    assert apart["mirror_error"].tolist() == [1]
    assert word_agreement(logits, batch.family, own)["mirror_error"].tolist() == [0]  # 0, and 1 mirrored


def test_gradient_of_the_tag_term_reaches_the_direction_only() -> None:
    batch = batch_of(1)
    logits = torch.randn(*batch.labels.shape, len(students.tokenizer()), requires_grad=True)
    mirror_loss(logits, batch, involution(), "tag").kl.sum().backward()
    touched = logits.grad.abs().sum(dim=-1).nonzero().tolist()
    assert touched == [[0, batch.direction[0].item()], [1, batch.direction[1].item()]]
    ab, _ = tag_logits(logits, batch, involution())
    assert ab.shape == (1, 4)


def test_every_piece_that_names_a_side_has_its_twin_in_the_vocabularys_involution() -> None:
    form = Form("compact", "first")
    pieces = trace_pieces(load_taxonomy().names, form)
    tokenizer = train_tokenizer(["A B"], 256 + 3 + len(pieces), pieces)
    vocabulary = Involution.of(tokenizer, len(tokenizer)).vocabulary
    sided = [piece for piece in pieces if re.match(r" ?A:", piece)]
    assert " A:ATC:1" in sided
    for piece in sided:
        (one,), (other,) = (token_ids(tokenizer, text) for text in (piece, piece.replace("A:", "B:")))
        assert vocabulary[one] == other, piece
        assert vocabulary[other] == one, piece
