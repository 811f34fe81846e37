"""What training starts from: a checkpoint with its tokenizer, or random weights with one of our own."""

from __future__ import annotations

from collections.abc import Iterable

from transformers import PreTrainedTokenizerBase

from mard.config import Lora, Student
from mard.errors import InputError
from mard.label.taxonomy import load_taxonomy
from mard.lm.checkpoint import DTYPES, Model, attach_lora, build_model, load_model
from mard.lm.form import Form
from mard.lm.tokenizer import load_tokenizer, trace_pieces, train_tokenizer


def starting_point(
    student: Student, lora: Lora, *, checkpoint: str | None, corpus: Iterable[str], seed: int
) -> tuple[Model, PreTrainedTokenizerBase]:
    """The model to train and its tokenizer.

    Args:
        student: Says whether all weights are trained or an adapter.
        lora: The adapter's size, where one is trained.
        checkpoint: Folder or hub id; None builds ``student.architecture`` with random weights.
        corpus: Texts to train a tokenizer on, read only where there is no checkpoint.
        seed: Of the random weights.
    """
    if checkpoint is not None:
        tokenizer, model = load_tokenizer(checkpoint), load_model(checkpoint, student.dtype)
    elif student.architecture is not None:
        pieces = trace_pieces(load_taxonomy().names, Form.of(student))
        tokenizer = train_tokenizer(corpus, student.architecture.vocab_size, pieces)
        model = build_model(student.architecture, tokenizer, max_length=student.max_length, seed=seed)
        model = model.to(DTYPES[student.dtype])
    else:
        raise InputError("student: neither a checkpoint nor an architecture is given")
    return (attach_lora(model, lora, seed=seed) if student.trainable == "lora" else model), tokenizer
