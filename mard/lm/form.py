"""The form in which a student is asked and answers: how evidence is worded, and what is said first.

A pretrained student reads sentences and reasons before it answers. A student of a million parameters that
starts from nothing does neither well: a short prompt shows it more pairs in the same time, and an answer
that comes first is its best guess, not the outcome of whichever step it began with. Whatever the form, a
trace that leaves here is a :class:`~mard.schema.Trace` with the pool's own citation ids.

**Decision** the compact prompt names neither drug, and calls neighbours, ATC codes, proteins and pathways
by their rank (``nbr:1``, ``A:ATC:1``): few tokens, and nothing to remember a drug by. The ids are put back
when a text is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, Self

from mard.config import Student
from mard.evidence.render import compact_names, mask, render
from mard.schema import Family, Pool, Trace

_BEFORE_CONFIDENCE: Final = '"confidence":'


@dataclass(frozen=True, slots=True)
class Form:
    """The wording of prompts and the order of completions.

    Attributes:
        prompt: Which rendering of the pool is read.
        answer: Whether the final answer comes after the steps and the summary, or before them.
    """

    prompt: Literal["brief", "compact"] = "brief"
    answer: Literal["last", "first"] = "last"

    @classmethod
    def of(cls, student: Student) -> Self:
        """The form that the parameters ask for."""
        return cls(student.prompt, student.answer)

    def evidence(self, pool: Pool, *, masked: bool = False) -> str:
        """The pool as the student reads it."""
        return render(pool, detail=self.prompt, masked=masked)

    def completion(self, trace: Trace, pool: Pool, *, masked: bool = False) -> str:
        """A trace about ``pool`` as the student writes it."""
        told = _cited(trace, self._names(pool)).to_dict()
        if self.answer == "first":
            told = {"final_answer": told.pop("final_answer"), **told}
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return mask(text, pool) if masked or self.prompt == "compact" else text

    def answer_alone(self, trace: Trace, pool: Pool) -> str:
        """The beginning of a completion that says the label and nothing else; the answer must come first."""
        text = self.completion(trace, pool)
        return text[: text.index(_BEFORE_CONFIDENCE) + len(_BEFORE_CONFIDENCE)]

    def opening(self, family: Family) -> str:
        """How a completion for a family begins; the answer must come first."""
        return f'{{"final_answer":{{"family":"{family}'

    def citations(self, pool: Pool) -> list[str]:
        """What may be cited, as the student writes it, sorted."""
        names = self._names(pool)
        return sorted(names.get(citation, citation) for citation in pool.citations)

    def read(self, text: str, pool: Pool) -> Trace:
        """The trace in a completion, its citations those of the pool.

        Raises:
            SchemaViolation: The text is no trace.
        """
        ids = {name: citation for citation, name in self._names(pool).items()}
        return _cited(Trace.from_json(text), ids)

    def _names(self, pool: Pool) -> dict[str, str]:
        """What a citation id is called, where it is not called by itself."""
        return compact_names(pool) if self.prompt == "compact" else {}


BRIEF: Final = Form()
"""Evidence in sentences, the answer last."""


def _cited(trace: Trace, names: Mapping[str, str]) -> Trace:
    if not names:
        return trace
    steps = tuple(
        replace(step, citations=tuple(names.get(citation, citation) for citation in step.citations))
        for step in trace.steps
    )
    return replace(trace, steps=steps)
