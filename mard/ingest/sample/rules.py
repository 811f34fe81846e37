"""The stated rules in their order of precedence, and what they say of a set of drugs.

A pair takes the statement of the first rule that fires. What a label forbids or boxes comes first,
then what happens in gut and kidney, opposed purposes, the gravest shared risks, metabolism and
transport, activities added or opposed, and the other shared risks last. A directed rule that fires
both ways round is silent: it cannot tell who acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mard.ingest.sample import dynamics, efficacy, kinetics, risks
from mard.ingest.sample.draw import draw
from mard.ingest.sample.facts import SampleDrug
from mard.ingest.sample.rule import Rule, Statement, having
from mard.schema import PairId

#: In order of precedence.
RULES: Final[tuple[Rule, ...]] = (
    *risks.NAMED_RISKS,
    *dynamics.NAMED_ACTIVITIES,
    *efficacy.DIAGNOSTICS,
    *kinetics.OTHER_ENZYMES,
    *kinetics.ABSORPTION,
    *kinetics.EXCRETION,
    *kinetics.ACTIVATION,
    *efficacy.EFFICACY,
    *risks.SEVERE_RISKS,
    *kinetics.UPTAKE,
    *kinetics.METABOLISM,
    *kinetics.EFFLUX,
    *kinetics.FILTRATION,
    *kinetics.BINDING,
    *dynamics.ACTIVITIES,
    *risks.SHARED_RISKS,
)


def statements(drugs: Sequence[SampleDrug], rules: Iterable[Rule] = RULES) -> dict[PairId, list[Statement]]:
    """What the rules say of every pair of drugs that any rule speaks of.

    Returns:
        For each pair, sorted, the distinct statements in order of precedence.
    """
    found: dict[PairId, dict[Statement, None]] = {}
    for rule in rules:
        for statement in _meetings(rule, drugs):
            found.setdefault(statement.pair, {})[statement] = None
    return {pair: list(found[pair]) for pair in sorted(found)}


def _meetings(rule: Rule, drugs: Sequence[SampleDrug]) -> Iterator[Statement]:
    actors, affected = having(rule.actor, drugs), having(rule.affected, drugs)
    acts = {(actor.drug_id, other.drug_id) for actor in actors for other in affected}
    for actor in actors:
        for other in affected:
            if actor is other:
                continue
            if rule.shared:
                yield Statement(rule.sentence, *_shuffled(actor, other))
            elif (other.drug_id, actor.drug_id) not in acts:
                yield Statement(rule.sentence, actor, other)


def _shuffled(*peers: SampleDrug) -> list[SampleDrug]:
    """Two peers in an order that tells nothing and does not depend on which came first."""
    pair = str(PairId.of(*(drug.drug_id for drug in peers)))
    return sorted(peers, key=lambda drug: draw(pair, drug.drug_id))
