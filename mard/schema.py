"""The words every room uses: pairs, labels, citations, evidence pools and traces.

Plain frozen dataclasses over the standard library, so that training and inference code can import
them on a bare machine. Each type that depends on the order of the pair has its mirror image in
:mod:`mard.mirror`.
"""

from __future__ import annotations

import json
import re
from collections.abc import KeysView, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, Self, TypeVar

from mard.errors import InputError, SchemaViolation, SelfPair

E = TypeVar("E", bound=StrEnum)

MIN_STEPS: Final = 3
MAX_STEPS: Final = 8
MAX_SUMMARY_WORDS: Final = 80

DRUG_ID: Final = re.compile(r"DB\d{5,}")


class Family(StrEnum):
    """The 7 mechanism families."""

    ADVERSE_RISK = "AdverseRisk"
    EFFICACY = "Efficacy"
    PD_ACTIVITY = "PD_Activity"
    PK_ABSORPTION = "PK_Absorption"
    PK_DISTRIBUTION = "PK_Distribution"
    PK_EXCRETION = "PK_Excretion"
    PK_METABOLISM = "PK_Metabolism"


class Direction(StrEnum):
    """Who acts on whom: in ``a_to_b`` A acts and B is the affected drug."""

    A_TO_B = "a_to_b"
    B_TO_A = "b_to_a"
    BIDIRECTIONAL = "bidirectional"
    NONE = "n/a"


class Polarity(StrEnum):
    """Which way the quantity that the subtype names moves."""

    UP = "up"
    DOWN = "down"


class StepRole(StrEnum):
    """The 12 roles that a step of a trace can play; a conclusion comes last."""

    PATHWAY = "pathway"
    PROTEIN = "protein"
    PK_FLAG = "pk_flag"
    STRUCTURAL = "structural"
    ATC = "atc"
    MECHANISM_OF_ACTION = "mechanism_of_action"
    NEIGHBOR_PAIR = "neighbor_pair"
    PAIR_SIMILARITY = "pair_similarity"
    EVIDENCE_GAP = "evidence_gap"
    ABSTENTION = "abstention"
    DIRECTION = "direction"
    CONCLUSION = "conclusion"


class Protocol(StrEnum):
    """The three ways of splitting a corpus into train, val and test."""

    WARM = "warm"
    DRUG_COLD = "drug_cold"
    PAIR_COLD = "pair_cold"


class Part(StrEnum):
    """The parts of a split; ``aside`` holds the mixed pairs of ``pair_cold``."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"
    ASIDE = "aside"


class PkRole(StrEnum):
    """What a drug is to an enzyme or transporter."""

    SUBSTRATE = "sub"
    INHIBITOR = "inh"
    INDUCER = "ind"


@dataclass(frozen=True, slots=True, order=True)
class PairId:
    """An unordered pair of drugs in canonical order, ``a < b``; written ``DB00582|DB06626``."""

    a: str
    b: str

    def __post_init__(self) -> None:
        if self.a == self.b:
            raise SelfPair(self.a)
        if self.a > self.b:
            raise InputError(
                f"pair {self.a}|{self.b} is not in canonical order; use PairId.of({self.a!r}, {self.b!r})"
            )

    @classmethod
    def of(cls, first: str, second: str) -> Self:
        """The canonical pair of two drugs in any order."""
        return cls(*sorted((first, second)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``DB00582|DB06626``.

        Raises:
            InputError: The text is not two ids in canonical order.
        """
        a, bar, b = text.partition("|")
        if not (bar and DRUG_ID.fullmatch(a) and DRUG_ID.fullmatch(b)):
            raise InputError(f"{text!r} is not a pair id such as 'DB00582|DB06626'")
        return cls(a, b)

    def __str__(self) -> str:
        return f"{self.a}|{self.b}"


@dataclass(frozen=True, slots=True)
class Label:
    """What links A and B. Direction is relative to the order in which the pair is presented."""

    family: Family
    subtype: str
    direction: Direction
    polarity: Polarity


LABEL: Final = ("family", "subtype", "direction", "polarity")
"""The columns of a label in every table."""


# --- evidence -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DrugEvidence:
    """Everything that may be cited about one drug.

    Attributes:
        drug_id: DrugBank id.
        name: Primary name.
        pk_flags: ``<enzyme or transporter>_<role>``, such as ``cyp3a4_inh``, sorted.
        atc: Full ATC codes, sorted.
        targets: UniProt accessions, sorted; likewise enzymes, transporters and carriers.
        pathways: SMPDB ids (``SMP0000640``) and KEGG pathway ids (``hsa04010``), sorted.
        half_life_hours: Parsed half-life in hours, or None.
        half_life_text: The release's own words, or "".
        moa: Excerpt of the mechanism of action, or "".
    """

    drug_id: str
    name: str
    pk_flags: tuple[str, ...] = ()
    atc: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    enzymes: tuple[str, ...] = ()
    transporters: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    pathways: tuple[str, ...] = ()
    half_life_hours: float | None = None
    half_life_text: str = ""
    moa: str = ""

    @property
    def proteins(self) -> frozenset[str]:
        """UniProt accessions of every role."""
        return frozenset(self.targets + self.enzymes + self.transporters + self.carriers)

    @property
    def citations(self) -> frozenset[str]:
        """Citation ids without their side: ``cyp3a4_inh``, ``P08684``, ``ATC:L01EK01``, ``moa``."""
        ids = {*self.pk_flags, *self.proteins, *self.pathways, *(f"ATC:{code}" for code in self.atc)}
        if self.moa:
            ids.add("moa")
        if self.half_life_hours is not None or self.half_life_text:
            ids.add("half_life")
        return frozenset(ids)


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """The four similarity channels of a pair (Eq. 8), all symmetric in A and B.

    Attributes:
        pathway_jaccard: In [0, 1].
        protein_jaccard: In [0, 1].
        atc_depth: Shared ATC levels, 0 to 5.
        smiles_tanimoto: Morgan radius 2, 2048 bits, in [0, 1].
    """

    pathway_jaccard: float
    protein_jaccard: float
    atc_depth: int
    smiles_tanimoto: float

    @property
    def citations(self) -> frozenset[str]:
        """The four citation ids, always citable: a zero is evidence too."""
        return PAIR_CITATIONS


PAIR_CITATIONS: Final = frozenset(
    f"pair:{name}" for name in ("pathway_jaccard", "protein_jaccard", "atc_depth", "smiles_tanimoto")
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A labelled training pair like the query.

    Attributes:
        first: The neighbour's drug that stands for the query's A.
        second: The one that stands for B.
        similarity: Eq. 9, in [0, 1].
        label: The neighbour's label, its direction relative to (first, second).
    """

    first: str
    second: str
    similarity: float
    label: Label

    @property
    def citation(self) -> str:
        """``nbr:DB00582|DB11679``: the canonical pair id, the same from either side."""
        return f"nbr:{PairId.of(self.first, self.second)}"


@dataclass(frozen=True, slots=True)
class Pool:
    """The evidence pool of one ordered pair: all that a model may see and cite."""

    a: DrugEvidence
    b: DrugEvidence
    pair: PairEvidence
    neighbours: tuple[Neighbour, ...] = ()

    @property
    def pair_id(self) -> PairId:
        """The canonical pair, whichever drug is shown as A."""
        return PairId.of(self.a.drug_id, self.b.drug_id)

    @property
    def citations(self) -> frozenset[str]:
        """Every canonical citation id of the pool; a citation is grounded when it is in here."""
        return frozenset(
            {f"A:{key}" for key in self.a.citations}
            | {f"B:{key}" for key in self.b.citations}
            | self.pair.citations
            | {neighbour.citation for neighbour in self.neighbours}
        )


# --- traces -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One step of reasoning. ``claim`` calls the drugs "Drug A" and "Drug B"."""

    step: int
    role: StepRole
    claim: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """The answer of a trace. When ``abstain``, direction is n/a and the family is a best guess."""

    family: Family
    subtype: str
    direction: Direction
    polarity: Polarity
    confidence: float
    abstain: bool

    @property
    def label(self) -> Label:
        """The answer without its confidence."""
        return Label(self.family, self.subtype, self.direction, self.polarity)


@dataclass(frozen=True, slots=True)
class Trace:
    """3 to 8 steps, a summary of at most 80 words, and a final answer."""

    steps: tuple[Step, ...]
    summary: str
    final_answer: FinalAnswer

    def to_json(self) -> str:
        """The one textual form of a trace: compact JSON, steps, then summary, then final answer."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, keys in the order of :meth:`to_json`; :meth:`from_dict` reads them."""
        answer = self.final_answer
        return {
            "steps": [
                {"step": one.step, "role": one.role, "claim": one.claim, "citations": list(one.citations)}
                for one in self.steps
            ],
            "summary": self.summary,
            "final_answer": {
                "family": answer.family,
                "subtype": answer.subtype,
                "direction": answer.direction,
                "polarity": answer.polarity,
                "confidence": answer.confidence,
                "abstain": answer.abstain,
            },
        }

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse and check the shape of a trace.

        Raises:
            SchemaViolation: Not JSON, or not the shape of a trace; the message names the field.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise SchemaViolation(f"not JSON: {error}") from error
        return cls.from_dict(data)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Build from decoded JSON; see :meth:`from_json`."""
        _exact_keys(data, "trace", _TRACE_KEYS)
        if not isinstance(data["steps"], list):
            raise SchemaViolation("steps: expected a list")
        steps = tuple(_step(item, number) for number, item in enumerate(data["steps"], start=1))
        if not MIN_STEPS <= len(steps) <= MAX_STEPS:
            raise SchemaViolation(f"steps: expected {MIN_STEPS} to {MAX_STEPS}, got {len(steps)}")
        return cls(steps, _text(data, "summary", "trace"), _final_answer(data["final_answer"]))


def _keys(*names: str) -> KeysView[str]:
    return dict.fromkeys(names).keys()


_TRACE_KEYS: Final = _keys("steps", "summary", "final_answer")
_STEP_KEYS: Final = _keys("step", "role", "claim", "citations")
_ANSWER_KEYS: Final = _keys("family", "subtype", "direction", "polarity", "confidence", "abstain")


def _exact_keys(data: Any, where: str, keys: KeysView[str]) -> None:
    if not isinstance(data, dict):
        raise SchemaViolation(f"{where}: expected an object, got {type(data).__name__}")
    if data.keys() != keys:
        missing = [key for key in keys if key not in data]
        extra = [key for key in data if key not in keys]
        raise SchemaViolation(f"{where}: missing keys {missing}, unexpected keys {extra}")


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data[key]
    if not isinstance(value, str):
        raise SchemaViolation(f"{where}.{key}: expected text, got {type(value).__name__}")
    return value


def _choice(kind: type[E], data: Mapping[str, Any], key: str, where: str) -> E:
    value = data[key]
    found: E | None = _members(kind).get(value) if isinstance(value, str) else None
    if found is None:
        raise SchemaViolation(f"{where}.{key}: {value!r} is none of {[str(v) for v in kind]}")
    return found


@cache
def _members(kind: type[E]) -> Mapping[str, E]:
    """Members by value; looking them up in the enumeration itself takes several times as long."""
    return {str(member): member for member in kind}


def _step(data: Any, number: int) -> Step:
    where = f"step {number}"
    _exact_keys(data, where, _STEP_KEYS)
    if data["step"] != number or isinstance(data["step"], bool):
        raise SchemaViolation(f"{where}: numbered {data['step']!r}, expected {number}")
    citations = data["citations"]
    if not isinstance(citations, list) or not all(isinstance(item, str) for item in citations):
        raise SchemaViolation(f"{where}.citations: expected a list of texts")
    return Step(number, _choice(StepRole, data, "role", where), _text(data, "claim", where), tuple(citations))


def _final_answer(data: Any) -> FinalAnswer:
    where = "final_answer"
    _exact_keys(data, where, _ANSWER_KEYS)
    confidence, abstain = data["confidence"], data["abstain"]
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise SchemaViolation(f"{where}.confidence: expected a number in [0, 1], got {confidence!r}")
    if not isinstance(abstain, bool):
        raise SchemaViolation(f"{where}.abstain: expected true or false, got {abstain!r}")
    return FinalAnswer(
        _choice(Family, data, "family", where),
        _text(data, "subtype", where),
        _choice(Direction, data, "direction", where),
        _choice(Polarity, data, "polarity", where),
        float(confidence),
        abstain,
    )
