"""Candidate traces of a pair, all told in the pair's canonical order, whichever way they were asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, Protocol, Self

from transformers import PreTrainedTokenizerBase

from mard.errors import SchemaViolation
from mard.evidence.render import render
from mard.infer.decode import Draft, Request
from mard.judge import lexicon
from mard.judge.case import Case
from mard.lm.form import Form
from mard.lm.prompt import build_prompt
from mard.mirror import mirror
from mard.prm.reward import TraceScore
from mard.prm.score import Prm
from mard.schema import Family, Pool, Trace

Ordering = Literal["ab", "ba"]
Report = Callable[[int, int], None] | None


class Writer(Protocol):
    """What writes traces: a student here (:class:`~mard.infer.decode.Decoder`) or on a server."""

    tokenizer: PreTrainedTokenizerBase
    form: Form

    def draw(
        self, requests: Sequence[Request], *, constrained: bool = True, on_progress: Report = None
    ) -> list[Draft]:
        """One trace a request, in the order given."""


_PLACE: Final = {family: place for place, family in enumerate(Family)}


@dataclass(frozen=True, slots=True)
class Question:
    """A pair to answer: ``name`` tells its random streams apart, such as ``warm/DB00582|DB06626``."""

    name: str
    pool: Pool


@dataclass(frozen=True, slots=True)
class Candidate:
    """One generated trace.

    Attributes:
        ordering: The order in which the pair was asked; ``ba`` traces are mapped back.
        index: Number of the sample or proposal, from 0; None for the greedy trace.
        trace: In canonical order, or None where the text was no trace.
        step_scores: The PRM's p_i of each step, then of the final answer.
        phi: Eq. 4.
        odds: The student's probability of each family where it named one, in their order; none where its
            tokenizer does not tell the families apart by one token, or a server decoded.
        proposed: Whether its family was chosen for it: the best case for a family that the student finds
            likely and did not name. It has no vote.
    """

    ordering: Ordering
    index: int | None
    trace: Trace | None
    step_scores: tuple[float, ...] = ()
    phi: float = 0.0
    odds: tuple[float, ...] = ()
    proposed: bool = False

    def p(self, family: Family) -> float:
        """The odds of a family; 0 where there are none."""
        return self.odds[_PLACE[family]] if self.odds else 0.0

    def to_row(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """Read back what :meth:`to_row` gave."""
        trace = None if row["trace"] is None else Trace.from_dict(row["trace"])
        scores, odds = tuple(row["step_scores"]), tuple(row["odds"])
        return cls(row["ordering"], row["index"], trace, scores, row["phi"], odds, row["proposed"])


def sample(
    decoder: Writer,
    questions: Sequence[Question],
    *,
    samples: int,
    temperature: float,
    constrained: bool = True,
    on_progress: Report = None,
) -> list[list[Candidate]]:
    """Unscored candidates of each question: two greedy traces and ``samples`` samples, half asked as BA.

    With an odd number of samples AB has one more.
    """
    plan: list[tuple[Ordering, int | None]] = [("ab", None), ("ba", None)]
    plan += [("ba" if index % 2 else "ab", index) for index in range(samples)]
    requests = [
        request for question in questions for request in _requests(decoder, question, plan, temperature)
    ]
    drafts = decoder.draw(requests, constrained=constrained, on_progress=on_progress)
    asked = [(question.pool, *how) for question in questions for how in plan]
    found = [
        Candidate(ordering, index, _parse(draft.text, pool, ordering, decoder.form), odds=draft.odds)
        for (pool, ordering, index), draft in zip(asked, drafts, strict=True)
    ]
    return [found[start : start + len(plan)] for start in range(0, len(found), len(plan))]


def propose(
    decoder: Writer,
    questions: Sequence[Question],
    drawn: Sequence[Sequence[Candidate]],
    *,
    most: int,
    constrained: bool = True,
) -> list[list[Candidate]]:
    """Unscored greedy traces for the likeliest families that no greedy trace has, one each, asked as AB.

    Sampling would draw the likely families many times over and the others never. A student that answers
    first argues for whichever family its answer begins with, so each can be heard once, and what chooses
    among candidates can choose any of them.

    Args:
        decoder: A student that answers first.
        questions: As in :func:`sample`.
        drawn: What that gave; the greedy traces' odds say which families are likely.
        most: Families a question; none where there are no odds.
    """
    asked = [
        (question, place, family)
        for question, own in zip(questions, drawn, strict=True)
        for place, family in enumerate(_runners_up(own)[:most])
    ]
    drafts = decoder.draw(
        [
            Request(
                question.pool,
                build_prompt(decoder.tokenizer, question.pool, form=decoder.form),
                0.0,
                f"{question.name}/ab/{family}",
                decoder.form.opening(family),
            )
            for question, _, family in asked
        ],
        constrained=constrained,
    )
    found: dict[str, list[Candidate]] = {question.name: [] for question in questions}
    for (question, place, _), draft in zip(asked, drafts, strict=True):
        trace = _parse(draft.text, question.pool, "ab", decoder.form)
        found[question.name].append(Candidate("ab", place, trace, proposed=True))
    return list(found.values())


def _runners_up(candidates: Sequence[Candidate]) -> list[Family]:
    """Families that no greedy trace has, by the mean of the greedy traces' odds."""
    greedy = [each for each in candidates if each.index is None and each.odds]
    named = {each.trace.final_answer.family for each in greedy if each.trace is not None}
    others = [family for family in Family if greedy and family not in named]
    return sorted(others, key=lambda family: (-sum(each.p(family) for each in greedy), family))


def _requests(
    decoder: Writer, question: Question, plan: Sequence[tuple[Ordering, int | None]], temperature: float
) -> list[Request]:
    pools = {"ab": question.pool, "ba": mirror(question.pool)}
    prompts = {
        ordering: build_prompt(decoder.tokenizer, pool, form=decoder.form) for ordering, pool in pools.items()
    }
    return [
        Request(
            pools[ordering],
            prompts[ordering],
            0.0 if index is None else temperature,
            f"{question.name}/{ordering}/{'greedy' if index is None else index}",
        )
        for ordering, index in plan
    ]


def _parse(text: str, pool: Pool, ordering: Ordering, form: Form) -> Trace | None:
    """A text's trace in canonical order; its citations are called as in the order it was asked in."""
    asked = mirror(pool) if ordering == "ba" else pool
    try:
        trace = form.read(text, asked)
    except SchemaViolation:
        return None
    return mirror(trace) if ordering == "ba" else trace


def score(
    prm: Prm,
    questions: Sequence[Question],
    candidates: Sequence[Sequence[Candidate]],
    *,
    phi: TraceScore,
    batch_size: int,
    on_progress: Report = None,
) -> list[list[Candidate]]:
    """The same candidates with step scores and Phi, judged in canonical order; equal traces once."""
    prompts = [render(question.pool, detail="brief") for question in questions]
    items = dict.fromkeys(
        (prompt, each.trace)
        for prompt, own in zip(prompts, candidates, strict=True)
        for each in own
        if each.trace is not None
    )
    values = prm.score(list(items), batch_size=batch_size, on_progress=on_progress)
    scores = dict(zip(items, map(tuple, values), strict=True))

    def scored(prompt: str, candidate: Candidate) -> Candidate:
        if candidate.trace is None:
            return candidate
        steps = scores[prompt, candidate.trace]
        return replace(candidate, step_scores=steps, phi=phi(steps))

    return [[scored(prompt, each) for each in own] for prompt, own in zip(prompts, candidates, strict=True)]


@dataclass(frozen=True, slots=True)
class Faults:
    """What a constraint should have prevented.

    Attributes:
        texts: Texts in all.
        unparsed: Those that are no trace.
        foreign: Traces that cite what is not in their pool.
    """

    texts: int = 0
    unparsed: int = 0
    foreign: int = 0

    def __add__(self, other: Faults) -> Faults:
        """Of both together."""
        return Faults(self.texts + other.texts, self.unparsed + other.unparsed, self.foreign + other.foreign)


def faults(pool: Pool, candidates: Sequence[Candidate]) -> Faults:
    """Count the faults of a pair's candidates; ``pool`` is in canonical order, as they are."""
    traces = [each.trace for each in candidates if each.trace is not None]
    cited = [{citation for step in trace.steps for citation in step.citations} for trace in traces]
    return Faults(
        texts=len(candidates),
        unparsed=len(candidates) - len(traces),
        foreign=sum(not own <= pool.citations for own in cited),
    )


@dataclass(frozen=True, slots=True)
class Support:
    """How well a trace cites.

    Attributes:
        citations: Citations in all.
        grounded: Those that are in the pool.
        claims: Steps that argue for the final family.
        supported: Those of them with a grounded citation.
    """

    citations: int
    grounded: int
    claims: int
    supported: int


def support(trace: Trace, case: Case) -> Support:
    """Count a trace's citations and family claims."""
    cited = [citation for step in trace.steps for citation in step.citations]
    family = trace.final_answer.family
    arguing = [step for step in trace.steps if family in lexicon.argued(step).families]
    return Support(
        citations=len(cited),
        grounded=sum(citation in case.citations for citation in cited),
        claims=len(arguing),
        supported=sum(not case.citations.isdisjoint(step.citations) for step in arguing),
    )
