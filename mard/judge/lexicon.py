"""The claim language: what a sentence about "Drug A" and "Drug B" commits itself to.

A claim is read into four kinds of commitment, each empty when the claim makes none:

- families: the mechanism families it argues for ("the metabolism of Drug B", "PK_Metabolism"),
- effects: which way it says a family's quantity moves ("decreases the metabolism of Drug B"),
- directions: who acts on whom ("Drug A decreases ... Drug B", "is decreased by Drug A", "a_to_b"),
- flags: the PK flags it asserts ("Drug A inhibits CYP3A4" asserts ``A:cyp3a4_inh``).

"CYP3A4 metabolizes Drug B" is evidence, not yet a mechanism: it asserts a flag and no family. A
clause with a negation ("No shared pathway is recorded") commits itself to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mard.schema import Direction, Family, PkRole, Polarity, Step, StepRole

CACHED_CLAIMS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Reading:
    """What a claim commits itself to."""

    families: frozenset[Family] = frozenset()
    effects: frozenset[tuple[Family, Polarity]] = frozenset()
    directions: frozenset[Direction] = frozenset()
    flags: frozenset[str] = frozenset()

    def polarities(self, family: Family) -> frozenset[Polarity]:
        """Which way the claim says that the quantity of ``family`` moves."""
        return frozenset(polarity for named, polarity in self.effects if named is family)


SILENT: Final = Reading()
_CONCEDING: Final = frozenset({StepRole.EVIDENCE_GAP, StepRole.ABSTENTION})


def argued(step: Step) -> Reading:
    """What a step argues for. Evidence gaps and abstentions report what is missing: they argue nothing."""
    return SILENT if step.role in _CONCEDING else read(step.claim)


@lru_cache(maxsize=CACHED_CLAIMS)
def read(text: str) -> Reading:
    """Read a claim. Case does not matter; drug names do not count, "Drug A" and "Drug B" do."""
    families: set[Family] = set()
    effects: set[tuple[Family, Polarity]] = set()
    directions: set[Direction] = set()
    flags: set[str] = set()
    for clause in _CLAUSE_ENDS.split(_SUBTYPES_THAT_READ_AS_VERBS.sub("it", text.lower())):
        if _NEGATION.search(clause):
            continue
        moves = list(_effects(clause))
        families.update(family for family, _ in moves)
        effects.update((family, polarity) for family, polarity in moves if polarity is not None)
        directions.update(_directions(clause, has_effect=bool(moves)))
        flags.update(_flags(clause))
    if not (families or directions or flags):
        return SILENT
    return Reading(frozenset(families), frozenset(effects), frozenset(directions), frozenset(flags))


@lru_cache(maxsize=CACHED_CLAIMS)
def refuses(text: str) -> bool:
    """Whether a text declines to answer."""
    return _REFUSAL.search(text) is not None


@lru_cache(maxsize=CACHED_CLAIMS)
def hedging(text: str) -> float:
    """Hedging words per word, in [0, 1]; 0 for an empty text."""
    words = len(text.split())
    return len(_HEDGES.findall(text)) / words if words else 0.0


# --- clauses --------------------------------------------------------------------------------------

_CLAUSE_ENDS: Final = re.compile(
    r"[.;:](?:\s|$)|,?\s(?:while|whereas|but|although)\s|, so\s(?=drug|the|both)"
)
_NEGATION: Final = re.compile(
    r"\b(?:no|not|none|never|neither|nor|without|cannot|lacks?|lacking|absent|missing|unlikely)\b|n't\b"
)
_REFUSAL: Final = re.compile(
    r"\b(?:cannot (?:be )?(?:determined?|concluded?|decided?|say|tell|answer|establish(?:ed)?)"
    r"|unable to|insufficient (?:evidence|information|data)|not enough (?:evidence|information|data)"
    r"|inconclusive|undetermined|no conclusion|decline to)\b",
    re.IGNORECASE,
)
_HEDGES: Final = re.compile(
    r"\b(?:may|might|could|possibl[ey]|perhaps|likely|probabl[ey]|potential(?:ly)?|presumably|apparently"
    r"|appears?|seems?|suggests?|uncertain|unclear|conceivably|somewhat)\b",
    re.IGNORECASE,
)
_SUBTYPES_THAT_READ_AS_VERBS: Final = re.compile(
    r"reduced gastrointestinal motility|gastrointestinal motility reducing|elevated intracranial pressure"
    r"|liver enzyme elevations"
)

# --- families and effects -------------------------------------------------------------------------

_QUANTITIES: Final = {
    Family.PK_METABOLISM: r"pk_metabolism|metabolism\b|biotransformation",
    Family.PK_DISTRIBUTION: r"pk_distribution|(?:serum|plasma|blood) concentrations?|protein binding"
    r"|active metabolites?",
    Family.PK_EXCRETION: r"pk_excretion|excretion|renal clearance|renal elimination",
    Family.PK_ABSORPTION: r"pk_absorption|absorption|bioavailability",
    Family.EFFICACY: r"efficacy|therapeutic effects?|(?:diagnostic )?effectiveness",
    Family.PD_ACTIVITY: r"pd_activity|activities\b|activity of drug",
    Family.ADVERSE_RISK: r"adverserisk|risks?\b|severity|adverse effects?",
}
_QUANTITY: Final = re.compile(
    r"\b(?:" + "|".join(f"(?P<{family}>{words})" for family, words in _QUANTITIES.items()) + ")"
)
_UP: Final = (
    r"increas\w*|rais\w+|rises?|rising|grows?|climbs?|higher|greater|enhanc\w+|elevat\w+|boost\w*"
    r"|potentiat\w+|strengthen\w*|augment\w*|accelerat\w+|speeds?|up|induc\w+(?= (?:the|its)\b)"
)
_DOWN: Final = (
    r"decreas\w*|reduc\w+|lower\w*|falls?|falling|drops?|declin\w+|diminish\w*|slow\w*|impair\w*|weaken\w*"
    r"|attenuat\w+|limit\w*|oppos\w+|antagoni\w+|counteract\w*|hinder\w*|delay\w*|down"
    r"|(?:inhibit|block|suppress)\w*(?= (?:the|its) (?:metabolism|excretion|absorption|efficacy|activit))"
)
_CHANGE: Final = re.compile(rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b")


def _effects(clause: str) -> Iterator[tuple[Family, Polarity | None]]:
    """Each quantity of the clause and which way it moves, judged within the commas around it."""
    for segment in clause.split(", ") if _CHANGE.search(clause) else (clause,):
        for quantity in _QUANTITY.finditer(segment):
            yield Family(_FAMILY_OF_GROUP[str(quantity.lastgroup)]), _polarity(segment, quantity.start())


_FAMILY_OF_GROUP: Final = {str(family): family for family in _QUANTITIES}


def _polarity(segment: str, position: int) -> Polarity | None:
    """The nearest change before ``position``, else the first after it."""
    before: re.Match[str] | None = None
    for change in _CHANGE.finditer(segment):
        if change.start() > position and before is None:
            return Polarity.UP if change["up"] else Polarity.DOWN
        if change.start() <= position:
            before = change
    if before is None:
        return None
    return Polarity.UP if before["up"] else Polarity.DOWN


# --- directions -----------------------------------------------------------------------------------

_ACTS: Final = re.compile(
    r"\b(?:increas|rais|enhanc|potentiat|elevat|boost|strengthen|augment|accelerat|speed|decreas|reduc|lower"
    r"|diminish|slow|impair|weaken|attenuat|inhibit|block|suppress|limit|oppos|antagoni|counteract|hinder"
    r"|delay|higher|greater|induc|affect|alter|displac|chelat|acts?\b)\w*"
)
_SETTING: Final = r"\b(?:by|when|with|under|through|near|beside)\b"
_PASSIVE: Final = re.compile(rf"^(?:\w+\s){{0,3}}?(?:is|are|be|been|gets?|becomes?)\s.*{_SETTING}|\bby$")
_INTRANSITIVE: Final = re.compile(
    rf"^(?:\w+\s){{0,3}}?(?:falls?|drops?|declines?|rises?|climbs?|grows?|changes?)\b.*{_SETTING}"
)
_DRUG: Final = re.compile(r"\bdrug ([ab])\b")
_AFFECTED: Final = re.compile(r"\bdrug ([ab]) is (?:the )?(?:affected|victim|object)")
_ACTING: Final = re.compile(
    r"\bdrug ([ab]) (?:is (?:the )?(?:acting|perpetrator|precipitant)"
    r"|acts\b(?! (?:on|as|by|through|via|at)\b))"
)
_TAG: Final = re.compile(r"\b(?:a_to_b|b_to_a|bidirectional)\b")
_MUTUAL: Final = re.compile(r"\b(?:both drugs|each other|either drug|mutual\w*|drug [ab] and drug [ab])\b")
_FROM: Final = {"a": Direction.A_TO_B, "b": Direction.B_TO_A}
_ONTO: Final = {"a": Direction.B_TO_A, "b": Direction.A_TO_B}


def _directions(clause: str, *, has_effect: bool) -> Iterator[Direction]:
    for tag in _TAG.findall(clause):
        yield Direction(tag)
    if has_effect and _MUTUAL.search(clause):
        yield Direction.BIDIRECTIONAL
        return
    if found := _AFFECTED.search(clause):
        yield _ONTO[found[1]]
    elif found := _ACTING.search(clause):
        yield _FROM[found[1]]
    else:
        yield from _transitive(clause)


def _transitive(clause: str) -> Iterator[Direction]:
    """The first two mentions: ``Drug A decreases ... Drug B`` or ``... Drug B is decreased by Drug A``."""
    mentions = list(_DRUG.finditer(clause))
    others = [mention for mention in mentions if mention[1] != mentions[0][1]]
    if not others:
        return
    between = clause[mentions[0].end() : others[0].start()].strip()
    if _INTRANSITIVE.search(between):
        yield _ONTO[mentions[0][1]]
    elif _ACTS.search(between):
        yield (_ONTO if _PASSIVE.search(between) else _FROM)[mentions[0][1]]


# --- PK flags -------------------------------------------------------------------------------------

_GENE: Final = (
    r"(?:cyp(?:1a2|2a6|2b6|2c8|2c9|2c19|2d6|2e1|3a4|3a5)|ugt1a1|p-?gp|p-glycoprotein|bcrp"
    r"|oatp1b[13]|oat[13]|oct2|mate1)\b"
)
_GENES: Final = rf"(?P<genes>{_GENE}(?:(?:, and |, | and ){_GENE})*)"
_SUBJECT: Final = r"(?P<drug>drug [ab]|both drugs)"
_ADVERB: Final = r"(?:also |strongly |weakly |potently )?"
_HANDLED: Final = r"metaboli[sz]|clear|transport|carr(?:y|i)|export|eliminat|pump|oxidi[sz]|conjugat|tak"
_ASSERTIONS: Final = {
    PkRole.INHIBITOR: (
        rf"{_SUBJECT} {_ADVERB}(?:inhibits?|blocks?) {_GENES}",
        rf"{_GENES} (?:is|are) {_ADVERB}(?:inhibited|blocked) by {_SUBJECT}",
        rf"{_SUBJECT} (?:is|are) (?:an? )?(?:\w+ )?inhibitors? of {_GENES}",
    ),
    PkRole.INDUCER: (
        rf"{_SUBJECT} {_ADVERB}induces? {_GENES}",
        rf"{_GENES} (?:is|are) {_ADVERB}induced by {_SUBJECT}",
        rf"{_SUBJECT} (?:is|are) (?:an? )?(?:\w+ )?inducers? of {_GENES}",
    ),
    PkRole.SUBSTRATE: (
        rf"{_GENES} {_ADVERB}(?:{_HANDLED})(?:e?s)? {_SUBJECT}",
        rf"{_SUBJECT} (?:is|are) {_ADVERB}(?:{_HANDLED})(?:e?d|en) by {_GENES}",
        rf"{_SUBJECT} (?:is|are) (?:an? )?(?:\w+ )?substrates? of {_GENES}",
        rf"{_SUBJECT} {_ADVERB}(?:depends?|rel(?:y|ies)) on {_GENES}",
    ),
}
_ASSERTED: Final = tuple(
    (role, re.compile(rf"\b{pattern}")) for role, patterns in _ASSERTIONS.items() for pattern in patterns
)
_ANY_GENE: Final = re.compile(rf"\b{_GENE}")


def _flags(clause: str) -> Iterator[str]:
    if not _ANY_GENE.search(clause):
        return
    for role, pattern in _ASSERTED:
        for match in pattern.finditer(clause):
            sides = "AB" if match["drug"] == "both drugs" else match["drug"][-1].upper()
            for gene in _ANY_GENE.findall(match["genes"]):
                yield from (f"{side}:{_key(gene)}_{role}" for side in sides)


def _key(gene: str) -> str:
    return "pgp" if gene.startswith("p") else gene
