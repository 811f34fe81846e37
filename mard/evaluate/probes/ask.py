"""The raw model's greedy answers to probes, as rows of the table ``probe/answers``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mard.evaluate.probes.plan import Asked
from mard.infer.candidates import support
from mard.infer.decode import Decoder, Request
from mard.judge.case import Case
from mard.lm.prompt import build_prompt
from mard.schema import Pool, Trace


def ask(
    decoder: Decoder, asked: Sequence[Asked], on_progress: Callable[[int, int], None] | None = None
) -> Iterator[dict[str, Any]]:
    """One row a question, in their order. Decoding is constrained, so each is a trace.

    ``shown`` is the family that most of the neighbours shown have, empty where there are none.
    """
    requests = [
        Request(
            each.pool,
            build_prompt(decoder.tokenizer, each.pool, form=decoder.form),
            0.0,
            f"{each.probe}/{each.pair_id}",
        )
        for each in asked
    ]
    texts = decoder.generate(requests, on_progress=on_progress)
    for each, text in zip(asked, texts, strict=True):
        yield {
            "probe": each.probe,
            "pair_id": each.pair_id,
            "shown": _shown(each.pool),
            **_answer(decoder.form.read(text, each.pool), each.pool),
        }


def _shown(pool: Pool) -> str:
    votes = Counter(str(neighbour.label.family) for neighbour in pool.neighbours)
    return min(votes, key=lambda family: (-votes[family], family), default="")


def _answer(trace: Trace, pool: Pool) -> dict[str, Any]:
    answer, cited = trace.final_answer, support(trace, Case.of(pool))
    return {
        "family": str(answer.family),
        "subtype": answer.subtype,
        "direction": str(answer.direction),
        "polarity": str(answer.polarity),
        "confidence": answer.confidence,
        "abstain": answer.abstain,
        "citations": cited.citations,
        "grounded": cited.grounded,
        "supported": cited.supported,
    }
