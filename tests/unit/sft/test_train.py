from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mard.sft import train
from mard.sft.dataset import MirrorBatch, MirrorPair, encode_examples
from mard.sft.train import evaluate_student, kept_logits, train_student
from tests import students


@pytest.fixture(scope="module")
def pairs() -> list[MirrorPair]:
    return encode_examples(
        students.examples(), students.tokenizer(), max_length=512, identity_dropout=0.0, seed=0
    )


def trained(pairs: list[MirrorPair], work: Path, **changes: object):
    model = students.model()
    train_student(model, students.tokenizer(), pairs, students.sft_params(**changes), work=work)
    return model


def test_it_learns_the_traces_and_what_it_says_is_measured(pairs: list[MirrorPair], tmp_path: Path) -> None:
    before = evaluate_student(students.model(), students.tokenizer(), pairs)
    after = evaluate_student(trained(pairs, tmp_path, epochs=12.0), students.tokenizer(), pairs)
    assert set(after) == {
        *("nll", "kl", "direction_accuracy", "mirror_error", "mirror_distance"),
        *("family_kl", "family_mirror_error", "subtype_kl", "subtype_mirror_error"),
    }
    assert after["nll"] < before["nll"] - 3


def test_the_divergence_is_smaller_with_its_term_than_without(
    pairs: list[MirrorPair], tmp_path: Path
) -> None:
    found = {}
    for weight in (0.0, 5.0):
        model = trained(pairs, tmp_path / str(weight), epochs=8.0, kl_weight=weight)
        found[weight] = evaluate_student(model, students.tokenizer(), pairs)["kl"]
    assert found[5.0] < found[0.0]


def test_a_pair_of_no_weight_teaches_nothing(pairs: list[MirrorPair], tmp_path: Path) -> None:
    silent = [MirrorPair(pair.pair_id, pair.ab, pair.ba, 0.0) for pair in pairs]
    assert students.same_weights(trained(silent, tmp_path), students.model())


def test_batches_are_of_like_length_and_twins_stay_together(
    pairs: list[MirrorPair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lengthened(pair: MirrorPair, by: int) -> MirrorPair:
        rows = (replace(row, input_ids=row.input_ids + [1] * by) for row in (pair.ab, pair.ba))
        return MirrorPair(pair.pair_id, *rows, pair.weight)

    pad = students.tokenizer().pad_token_id
    longer = [lengthened(pair, by) for pair, by in zip(pairs, (0, 90, 30, 60) * 2, strict=True)]
    twins = {tuple(pair.ab.input_ids): tuple(pair.ba.input_ids) for pair in longer}
    seen, widths = [], []

    def kept(model: torch.nn.Module, batch: MirrorBatch) -> torch.Tensor:
        seen.append([tuple(own for own in ids if own != pad) for ids in batch.input_ids.tolist()])
        widths.append(batch.input_ids.shape[1])
        return kept_logits(model, batch)

    monkeypatch.setattr(train, "kept_logits", kept)
    trained(longer, tmp_path, epochs=1.0)
    assert sorted(widths) == sorted(pair.length for pair in longer)[1::2]  # the next longer one alone pads
    for batch in seen:
        assert [twins[row] for row in batch[0::2]] == batch[1::2]
    assert sorted(row for batch in seen for row in batch[0::2]) == sorted(twins)


@pytest.mark.parametrize("scope", ["final_answer", "trace"])
def test_every_scope_trains(pairs: list[MirrorPair], tmp_path: Path, scope: str) -> None:
    model = trained(pairs, tmp_path, epochs=0.5, kl_scope=scope, subtype_kl_weight=0.1)
    assert not students.same_weights(model, students.model())


def test_evaluating_on_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no held-out pairs"):
        evaluate_student(students.model(), students.tokenizer(), [])
