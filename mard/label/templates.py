"""The grammar of interaction sentences: an ordered cascade of regular expressions over templates.

A template is a description whose two drug names are ``{first}`` and ``{second}``, in order of
appearance. Each rule matches a whole template; its subtype is either fixed (the quantity) or data
(the named risk, the activity), and its polarity is read from the verb. What a sentence lists ("the X
and Y activities", "the risk of X, Y, and Z") is one subtype, ``x_and_y``, as in the reference labels: a
listing has one label. Since a rule spells out what stands beside each name, and that is never a letter,
a name cut out of a longer word never fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mard.schema import Direction, Family, Polarity


class Order(StrEnum):
    """Direction in a template: who acts, in order of appearance."""

    FIRST_TO_SECOND = "first_to_second"
    SECOND_TO_FIRST = "second_to_first"
    BIDIRECTIONAL = "bidirectional"

    def direction(self, *, first_is_a: bool) -> Direction:
        """The direction relative to (A, B), given which drug the sentence names first."""
        if self is Order.BIDIRECTIONAL:
            return Direction.BIDIRECTIONAL
        return Direction.A_TO_B if (self is Order.FIRST_TO_SECOND) is first_is_a else Direction.B_TO_A


@dataclass(frozen=True, slots=True)
class TemplateLabel:
    """The label of a template, its subtype raw: before the vocabulary."""

    family: Family
    raw_subtype: str
    order: Order
    polarity: Polarity


@dataclass(frozen=True, slots=True)
class _Rule:
    """``pattern`` has a group ``change`` and, where the subtype is data, a group ``what``."""

    family: Family
    order: Order
    pattern: re.Pattern[str]
    subtype: str | None = None


_POLARITY: Final = {
    "increase": Polarity.UP,
    "increased": Polarity.UP,
    "decrease": Polarity.DOWN,
    "decreased": Polarity.DOWN,
    "reduce": Polarity.DOWN,
    "reduced": Polarity.DOWN,
}
_QUANTITIES: Final = {
    "metabolism": Family.PK_METABOLISM,
    "excretion": Family.PK_EXCRETION,
    "absorption": Family.PK_ABSORPTION,
    "bioavailability": Family.PK_ABSORPTION,
    "serum concentration": Family.PK_DISTRIBUTION,
    "protein binding": Family.PK_DISTRIBUTION,
    "therapeutic efficacy": Family.EFFICACY,
}
_FRAGMENTS: Final = {
    "<what>": r"(?P<what>[^{}]+?)",
    "<change>": r"(?P<change>increase|decrease|reduce)",
    "<changed>": r"(?P<change>increased|decreased|reduced)",
    "<combined>": r"when (?:it is |\{first\} is )?<with><result>",
    "<together>": r"when \{first\} is <with>",
    "<result>": r"(?:,? (?:resulting in|which could result in) [^{}]+)?",
    "<agent>": r"an? (?:diagnostic|imaging) agent",
    "<with>": r"(?:used in combination|combined) with \{second\}",
}


def _compile(sentence: str) -> re.Pattern[str]:
    """A rule's sentence, written with ``<fragments>``, as a pattern for whole templates."""
    pattern = sentence.replace("{", r"\{").replace("}", r"\}").replace(".", r"\.?")
    for name, fragment in _FRAGMENTS.items():
        pattern = pattern.replace(name, fragment)
    return re.compile(pattern)


def _quantity_rule(quantity: str, family: Family) -> _Rule:
    wording = quantity.replace("excretion", "excretion(?: rate)?")
    sentence = f"The {wording} of {{first}} can be <changed> <combined>."
    return _Rule(family, Order.SECOND_TO_FIRST, _compile(sentence), quantity.replace(" ", "_"))


_CASCADE: Final = (
    _Rule(
        Family.ADVERSE_RISK,
        Order.BIDIRECTIONAL,
        _compile("The risk (?:or severity )?of <what> (?:can be|is|are) <changed> <together>."),
    ),
    _Rule(
        Family.ADVERSE_RISK,
        Order.SECOND_TO_FIRST,
        _compile(
            "The risk (?:or severity )?of (?:an? )?<what> to {first} (?:can be|is) <changed> <combined>."
        ),
    ),
    *(_quantity_rule(quantity, family) for quantity, family in _QUANTITIES.items()),
    _Rule(
        Family.PK_DISTRIBUTION,
        Order.SECOND_TO_FIRST,
        _compile(
            "The serum concentration of (?:the active metabolites?|[^{}]+, an active metabolite) of {first},?"
            " can be <changed> <combined>."
        ),
        "active_metabolite_concentration",
    ),
    _Rule(
        Family.PK_EXCRETION,
        Order.FIRST_TO_SECOND,
        _compile("{first} may <change> the excretion rate of {second}<result>."),
        "excretion",
    ),
    _Rule(
        Family.PK_ABSORPTION,
        Order.FIRST_TO_SECOND,
        _compile("{first} can cause an? <change> in the absorption of {second}<result>."),
        "absorption",
    ),
    _Rule(
        Family.EFFICACY,
        Order.FIRST_TO_SECOND,
        _compile("{first} may <change> (?:the )?effectiveness of {second} as <agent>."),
        "diagnostic_effectiveness",
    ),
    _Rule(
        Family.EFFICACY,
        Order.SECOND_TO_FIRST,
        _compile("The effectiveness of {first} as <agent> can be <changed> <combined>."),
        "diagnostic_effectiveness",
    ),
    _Rule(
        Family.PD_ACTIVITY,
        Order.FIRST_TO_SECOND,
        _compile("{first} may <change> the <what> activit(?:y|ies) of {second}."),
    ),
)


def classify(template: str) -> TemplateLabel | None:
    """The label of the first rule that matches the whole template, or None."""
    for rule in _CASCADE:
        match = rule.pattern.fullmatch(template)
        if match is None:
            continue
        subtype = rule.subtype or slug(match["what"])
        if subtype:
            return TemplateLabel(rule.family, subtype, rule.order, _POLARITY[match["change"]])
    return None


def slug(phrase: str) -> str:
    """A risk or an activity as a subtype: ``Reye's syndrome`` becomes ``reye_s_syndrome``."""
    return re.sub(r"[^a-z0-9]+", "_", phrase.lower()).strip("_")
