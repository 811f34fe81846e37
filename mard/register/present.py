"""A prediction for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from mard.register.prediction import Prediction
from mard.schema import Direction

DISCLAIMER: Final = "Research use only; not a medical device. A pharmacist must review this answer."
WIDTH: Final = 100

_ARROWS: Final = {
    Direction.A_TO_B: "{a} acts on {b}",
    Direction.B_TO_A: "{b} acts on {a}",
    Direction.BIDIRECTIONAL: "{a} and {b} act on each other",
    Direction.NONE: "the model abstains",
}


def readable(prediction: Prediction) -> str:
    """The trace as text: the answer, the steps with what they cite, and the disclaimer."""
    return "\n".join(_lines(prediction))


def _lines(prediction: Prediction) -> Iterator[str]:
    a, b, answer = prediction.first, prediction.second, prediction.answer
    yield f"Drug A  {a.name} ({a.drug_id})"
    yield f"Drug B  {b.name} ({b.drug_id})"
    yield ""
    guess = " (best guess)" if answer.abstain else ""
    yield f"{answer.family} / {answer.subtype} / {answer.direction} / {answer.polarity}{guess}"
    yield f"{_ARROWS[answer.direction].format(a=a.name, b=b.name)}; confidence {answer.confidence:.2f}"
    yield ""
    for step in prediction.steps:
        yield from _wrapped(f"{step.step}. [{step.role}] {step.claim}", "   ")
        for citation in dict.fromkeys(step.citations):
            yield from _wrapped(f"   {citation:<24} {prediction.evidence[citation]}", " " * 28)
    yield ""
    yield from _wrapped(prediction.summary, "")
    if prediction.safety:
        yield from _wrapped(f"safety flags: {', '.join(prediction.safety)}", "")
    yield ""
    yield f"model {prediction.model_version}"
    yield DISCLAIMER


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent) or [""]
