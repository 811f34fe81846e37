"""Writing the trace of a hypothesis: evidence, what is missing, the direction, the conclusion.

Claims and the summary are short sentences over "Drug A" and "Drug B": names are put in for display.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from mard.schema import (
    Direction,
    Family,
    FinalAnswer,
    Label,
    Polarity,
    Pool,
    Step,
    StepRole,
    Trace,
)
from mard.teach.symbolic.argument import Draft
from mard.teach.symbolic.hypotheses import THIN, Hypothesis

MAX_EVIDENCE: Final = 4
"""Steps of evidence, so that gap, direction and conclusion fit in 8."""
SIMILAR_STRUCTURES: Final = 0.4
GAP_SHARE: Final = 0.3
"""Share of traces that also tell what the pool does not show."""
OTHERS_SHARE: Final = 0.5
"""Chance that an argument other than the strongest is told."""
SHARED_SHARE: Final = 0.3
"""Chance that something which the drugs share is told."""

_ORDER: Final = {Direction.A_TO_B: ("A", "B"), Direction.B_TO_A: ("B", "A")}
_VERBS: Final = {
    Polarity.UP: (("increases", "increase"), ("raises", "raise"), ("enhances", "enhance")),
    Polarity.DOWN: (("decreases", "decrease"), ("reduces", "reduce"), ("lowers", "lower")),
}
_PARTICIPLES: Final = {Polarity.UP: ("increased", "raised"), Polarity.DOWN: ("decreased", "reduced")}
_WORDS: Final = {
    "central_nervous_system_depressant_cns_depressant": "CNS depressant",
    "misc_adverserisk": "less common adverse effects",
    "misc_pd_activity": "less common",
}


_SILENT_POOL: Final = Draft(StepRole.EVIDENCE_GAP, ("No fact about either drug argues for a mechanism.",), ())


def write_trace(
    pool: Pool, hypothesis: Hypothesis, best_guess: Label, confidence: float, random: Random
) -> Trace:
    """A trace of 3 to 8 steps that argues for a hypothesis, or abstains with a best guess.

    Args:
        pool: The evidence pool.
        hypothesis: What to argue for.
        best_guess: The answer's family, subtype and polarity when abstaining.
        confidence: In [0, 1].
        random: Chooses among arguments and phrasings.
    """
    if hypothesis.label is None:
        return _abstention(pool, best_guess, confidence, random)
    label = hypothesis.label
    evidence = _evidence(hypothesis, pool, random)
    gaps = list(_gaps(pool, label)) or [_SILENT_POOL]
    shown_gap = [random.choice(gaps)] if not evidence or random.random() < GAP_SHARE else []
    cited = tuple(dict.fromkeys(citation for draft in evidence[:2] for citation in draft.citations))
    effect = Draft(StepRole.DIRECTION, effect_claims(label), cited)
    steps = _steps([*evidence, *shown_gap, effect, _conclusion(label, cited)], random)
    lead = steps[0].claim if evidence else None
    summary = _summary(lead, effect_claims(label)[0])
    return Trace(steps, summary, _answer(label, label.direction, confidence))


def effect_claims(label: Label) -> tuple[str, ...]:
    """Sentences that state what happens to whom, the plainest first."""
    what = quantity(label)
    if label.direction is Direction.BIDIRECTIONAL:
        return tuple(f"Both drugs {plural} {what}." for _, plural in _VERBS[label.polarity])
    actor, affected = _ORDER[label.direction]
    whose = f"{what} {'with' if label.family is Family.ADVERSE_RISK else 'of'} Drug {affected}"
    be = "are" if label.family is Family.PD_ACTIVITY else "is"
    active = (f"Drug {actor} {verb} {whose}." for verb, _ in _VERBS[label.polarity])
    passive = (f"T{whose[1:]} {be} {done} by Drug {actor}." for done in _PARTICIPLES[label.polarity])
    return (*active, *passive)


def quantity(label: Label) -> str:
    """What moves: "the metabolism", "the hypotensive activities", "the risk of bleeding"."""
    words = _WORDS.get(label.subtype, label.subtype.replace("_", " "))
    if label.family is Family.ADVERSE_RISK:
        return f"the risk of {words}"
    return f"the {words} activities" if label.family is Family.PD_ACTIVITY else f"the {words}"


def _evidence(hypothesis: Hypothesis, pool: Pool, random: Random) -> list[Draft]:
    """Drafts of the strongest argument, of some of the others, and what the drugs share."""
    drafts: dict[tuple[str, ...], Draft] = {}
    for place, argument in enumerate(hypothesis.arguments):
        if place == 0 or random.random() < OTHERS_SHARE:
            drafts |= {draft.citations: draft for draft in argument.drafts if draft.citations not in drafts}
        if len(drafts) >= MAX_EVIDENCE:
            break
    shared = list(_shared(pool))
    if shared and len(drafts) < MAX_EVIDENCE and random.random() < SHARED_SHARE:
        draft = random.choice(shared)
        drafts.setdefault(draft.citations, draft)
    return list(drafts.values())[:MAX_EVIDENCE]


def _shared(pool: Pool) -> Iterator[Draft]:
    """What the two drugs have in common."""
    pair = pool.pair
    if pair.atc_depth >= 2:
        claims = ("The drugs share an ATC class.", "Both drugs belong to one ATC class.")
        yield Draft(StepRole.PAIR_SIMILARITY, claims, ("pair:atc_depth",))
    if pair.smiles_tanimoto >= SIMILAR_STRUCTURES:
        claims = ("The drugs have similar structures.", "Both drugs are close in structure.")
        yield Draft(StepRole.STRUCTURAL, claims, ("pair:smiles_tanimoto",))
    if pair.protein_jaccard > 0:
        claims = ("The drugs share a protein.", "Both drugs bind a common protein.")
        yield Draft(StepRole.PROTEIN, claims, ("pair:protein_jaccard",))
    if pair.pathway_jaccard > 0:
        claims = ("The drugs share a pathway.", "Both drugs lie on a common pathway.")
        yield Draft(StepRole.PATHWAY, claims, ("pair:pathway_jaccard",))


def _gaps(pool: Pool, label: Label) -> Iterator[Draft]:
    """What the pool does not show, and what it shows against the label."""
    if pool.pair.pathway_jaccard == 0:
        yield _gap("No shared pathway is recorded.", "pair:pathway_jaccard")
    if pool.pair.protein_jaccard == 0:
        yield _gap("No shared protein is recorded.", "pair:protein_jaccard")
    if pool.pair.atc_depth == 0:
        yield _gap("The drugs share no ATC level.", "pair:atc_depth")
    for neighbour in pool.neighbours:
        if neighbour.label.family is not label.family:
            yield _gap(f"A similar labelled pair shows {neighbour.label.family} instead.", neighbour.citation)
            break


def _gap(claim: str, citation: str) -> Draft:
    return Draft(StepRole.EVIDENCE_GAP, (claim,), (citation,))


def _conclusion(label: Label, citations: tuple[str, ...]) -> Draft:
    told = f"{label.family}, {label.direction}"
    claims = (f"The mechanism is {told}.", f"The evidence supports {told}.", f"This argues for {told}.")
    return Draft(StepRole.CONCLUSION, claims, citations)


def _abstention(pool: Pool, best_guess: Label, confidence: float, random: Random) -> Trace:
    thin = [side for side, drug in (("A", pool.a), ("B", pool.b)) if len(drug.citations) < THIN]
    little = [Draft(StepRole.EVIDENCE_GAP, (f"Little is recorded about Drug {side}.",), ()) for side in thin]
    gaps = list(_gaps(pool, best_guess))[:2]
    abstain = Draft(
        StepRole.ABSTENTION,
        ("The evidence is too thin to name a mechanism.", "No mechanism can be argued from this."),
        (),
    )
    closing = Draft(StepRole.CONCLUSION, ("No mechanism is concluded.",), ())
    steps = _steps([*little, *gaps, abstain, closing], random)
    summary = "The evidence on Drug A and Drug B is too thin to name a mechanism."
    return Trace(steps, summary, _answer(best_guess, Direction.NONE, confidence))


def _steps(drafts: Sequence[Draft], random: Random) -> tuple[Step, ...]:
    return tuple(
        Step(number, draft.role, random.choice(draft.phrasings), draft.citations)
        for number, draft in enumerate(drafts, start=1)
    )


def _answer(label: Label, direction: Direction, confidence: float) -> FinalAnswer:
    abstain = direction is Direction.NONE
    return FinalAnswer(label.family, label.subtype, direction, label.polarity, confidence, abstain)


def _summary(lead: str | None, effect: str) -> str:
    """ "Drug A inhibits CYP3A4, so Drug A decreases the metabolism of Drug B."."""
    effect = effect.replace("Both drugs", "Drug A and Drug B")
    return effect if lead is None else f"{lead.removesuffix('.')}, so {effect}"
