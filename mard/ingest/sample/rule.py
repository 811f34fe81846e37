"""The shape of a stated pharmacological rule and the wordings that DrugBank gives to its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mard.ingest.sample.facts import SampleDrug
from mard.schema import PairId

METABOLISM_DOWN: Final = "The metabolism of {affected} can be decreased when combined with {actor}."
METABOLISM_UP: Final = "The metabolism of {affected} can be increased when combined with {actor}."
SERUM_UP: Final = "The serum concentration of {affected} can be increased when it is combined with {actor}."
SERUM_DOWN: Final = "The serum concentration of {affected} can be decreased when it is combined with {actor}."
METABOLITES_UP: Final = (
    "The serum concentration of the active metabolites of {affected} can be increased "
    "when {affected} is used in combination with {actor}."
)
METABOLITES_DOWN: Final = (
    "The serum concentration of the active metabolites of {affected} can be reduced "
    "when {affected} is used in combination with {actor} resulting in a loss in efficacy."
)
BINDING_DOWN: Final = "The protein binding of {affected} can be decreased when combined with {actor}."
ABSORPTION_CUT: Final = (
    "{actor} can cause a decrease in the absorption of {affected} resulting in a reduced serum "
    "concentration and potentially a decrease in efficacy."
)
ABSORPTION_RAISED: Final = (
    "{actor} can cause an increase in the absorption of {affected} resulting in an increased serum "
    "concentration and potentially a worsening of adverse effects."
)
ABSORPTION_DOWN: Final = "The absorption of {affected} can be decreased when combined with {actor}."
BIOAVAILABILITY_DOWN: Final = "The bioavailability of {affected} can be decreased when combined with {actor}."
BIOAVAILABILITY_UP: Final = "The bioavailability of {affected} can be increased when combined with {actor}."
EXCRETION_SLOWED: Final = (
    "{actor} may decrease the excretion rate of {affected} which could result in a higher serum level."
)
EXCRETION_HASTENED: Final = (
    "{actor} may increase the excretion rate of {affected} which could result in a lower serum level "
    "and potentially a reduction in efficacy."
)
EXCRETION_DOWN: Final = "The excretion of {affected} can be decreased when combined with {actor}."
EXCRETION_UP: Final = "The excretion of {affected} can be increased when combined with {actor}."
EFFICACY_DOWN: Final = (
    "The therapeutic efficacy of {affected} can be decreased when used in combination with {actor}."
)
EFFICACY_UP: Final = (
    "The therapeutic efficacy of {affected} can be increased when used in combination with {actor}."
)
DIAGNOSTIC_DOWN: Final = "{actor} may decrease effectiveness of {affected} as a diagnostic agent."
HYPERSENSITIVITY_UP: Final = (
    "The risk of a hypersensitivity reaction to {affected} is increased when it is combined with {actor}."
)


def raises(activity: str) -> str:
    """The wording for an actor that adds to an activity of the affected drug."""
    return f"{{actor}} may increase the {activity} activities of {{affected}}."


def lowers(activity: str) -> str:
    """The wording for an actor that takes from an activity of the affected drug."""
    return f"{{actor}} may decrease the {activity} activities of {{affected}}."


def risk(harm: str) -> str:
    """The wording for a harm that the two drugs bring about together."""
    return f"The risk or severity of {harm} can be increased when {{one}} is combined with {{other}}."


def less_risk(harm: str) -> str:
    """The wording for a harm that one of the two drugs protects from."""
    return f"The risk or severity of {harm} can be decreased when {{one}} is combined with {{other}}."


@dataclass(frozen=True, slots=True)
class Rule:
    """Drugs with one trait meet drugs with another, and a sentence follows.

    Attributes:
        actor: Traits, separated by ``|``, any of which makes a drug the one that acts.
        affected: Likewise for the drug that is acted on; for a shared risk the two are peers.
        sentence: A wording with ``{actor}`` and ``{affected}``, or ``{one}`` and ``{other}``.
        why: The pharmacology, for a reader.
    """

    actor: str
    affected: str
    sentence: str
    why: str

    @property
    def shared(self) -> bool:
        """Whether the two drugs are peers, so that the sentence has no direction."""
        return "{one}" in self.sentence


@dataclass(frozen=True, slots=True)
class Statement:
    """A wording about two drugs: the actor and the affected one, or two peers in no order."""

    wording: str
    first: SampleDrug
    second: SampleDrug

    @property
    def pair(self) -> PairId:
        """The pair that the statement is about."""
        return PairId.of(self.first.drug_id, self.second.drug_id)

    def text(self, called: Mapping[str, str] = MappingProxyType({})) -> str:
        """The sentence; ``called`` maps a drug id to a name to use instead of the primary one."""
        first, second = (called.get(drug.drug_id, drug.name) for drug in (self.first, self.second))
        return self.wording.format(actor=first, affected=second, one=first, other=second)


def having(traits: str, drugs: Iterable[SampleDrug]) -> list[SampleDrug]:
    """The drugs that have any of the traits, separated by ``|``."""
    wanted = frozenset(traits.split("|"))
    return [drug for drug in drugs if not wanted.isdisjoint(drug.traits)]
