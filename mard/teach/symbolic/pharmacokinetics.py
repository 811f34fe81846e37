"""PK reasoning: one drug inhibits, induces or competes for what handles the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mard.schema import DrugEvidence, Family, Label, PkRole, Polarity, Pool, StepRole
from mard.teach.symbolic.argument import ACTS, Argument, Draft, Kind

METABOLISM_DOWN: Final = (Family.PK_METABOLISM, "metabolism", Polarity.DOWN)
METABOLISM_UP: Final = (Family.PK_METABOLISM, "metabolism", Polarity.UP)
CONCENTRATION_UP: Final = (Family.PK_DISTRIBUTION, "serum_concentration", Polarity.UP)
CONCENTRATION_DOWN: Final = (Family.PK_DISTRIBUTION, "serum_concentration", Polarity.DOWN)
EXCRETION_DOWN: Final = (Family.PK_EXCRETION, "excretion", Polarity.DOWN)
EXCRETION_UP: Final = (Family.PK_EXCRETION, "excretion", Polarity.UP)

Outcomes = tuple[tuple[tuple[Family, str, Polarity], float], ...]


@dataclass(frozen=True, slots=True)
class Handler:
    """What a class of proteins does to its substrates.

    Attributes:
        verb: "CYP3A4 metabolizes Drug B".
        participle: "Drug B is metabolized by CYP3A4".
        outcomes: For an actor that inhibits, induces or competes, the labels and their logits.
    """

    verb: str
    participle: str
    outcomes: dict[PkRole, Outcomes]


_ENZYME: Final = Handler(
    "metabolizes",
    "metabolized",
    {
        PkRole.INHIBITOR: ((METABOLISM_DOWN, 2.2), (CONCENTRATION_UP, 1.6)),
        PkRole.INDUCER: ((METABOLISM_UP, 2.2), (CONCENTRATION_DOWN, 1.6)),
        PkRole.SUBSTRATE: ((METABOLISM_DOWN, 0.9), (CONCENTRATION_UP, 0.4)),
    },
)
_EFFLUX: Final = Handler(
    "exports",
    "exported",
    {
        PkRole.INHIBITOR: ((CONCENTRATION_UP, 1.8), (EXCRETION_DOWN, 0.9)),
        PkRole.INDUCER: ((CONCENTRATION_DOWN, 1.6), (EXCRETION_UP, 0.6)),
        PkRole.SUBSTRATE: ((CONCENTRATION_UP, 0.4), (EXCRETION_DOWN, 0.4)),
    },
)
_UPTAKE: Final = Handler(
    "carries",
    "carried",
    {
        PkRole.INHIBITOR: ((CONCENTRATION_UP, 1.8), (EXCRETION_DOWN, 0.8)),
        PkRole.INDUCER: ((CONCENTRATION_DOWN, 1.0),),
        PkRole.SUBSTRATE: ((CONCENTRATION_UP, 0.4),),
    },
)
_RENAL: Final = Handler(
    "clears",
    "cleared",
    {
        PkRole.INHIBITOR: ((EXCRETION_DOWN, 1.9), (CONCENTRATION_UP, 1.2)),
        PkRole.INDUCER: ((EXCRETION_UP, 1.2),),
        PkRole.SUBSTRATE: ((EXCRETION_DOWN, 1.0), (CONCENTRATION_UP, 0.4)),
    },
)
_TRANSPORTERS: Final = {
    "pgp": _EFFLUX,
    "bcrp": _EFFLUX,
    "oatp1b1": _UPTAKE,
    "oatp1b3": _UPTAKE,
    "oat1": _RENAL,
    "oat3": _RENAL,
    "oct2": _RENAL,
    "mate1": _RENAL,
}
_ACTOR_VERBS: Final = {
    PkRole.INHIBITOR: ("inhibits", "inhibited", "inhibitor"),
    PkRole.INDUCER: ("induces", "induced", "inducer"),
}


def pk_arguments(pool: Pool) -> Iterator[Argument]:
    """Every match of an actor's flag with the other drug's substrate flag, in both directions."""
    yield from _one_way("A", pool.a, "B", pool.b)
    yield from _one_way("B", pool.b, "A", pool.a)


def _one_way(x: str, acting: DrugEvidence, y: str, affected: DrugEvidence) -> Iterator[Argument]:
    handled = {flag.rsplit("_", 1)[0] for flag in affected.pk_flags if flag.endswith("_sub")}
    for flag in acting.pk_flags:
        protein, role_text = flag.rsplit("_", 1)
        if protein not in handled:
            continue
        role = PkRole(role_text)
        drafts = _drafts(x, y, protein, role)
        for (family, subtype, polarity), strength in handler_of(protein).outcomes[role]:
            label = Label(family, subtype, ACTS[x, y], polarity)
            yield Argument(label, Kind.PHARMACOKINETICS, strength, drafts)


def handler_of(protein: str) -> Handler:
    """What kind of protein a flag names: a transporter, or else a metabolizing enzyme."""
    return _TRANSPORTERS.get(protein, _ENZYME)


def display(protein: str) -> str:
    """``cyp3a4`` as it is written in a claim."""
    return "P-gp" if protein == "pgp" else protein.upper()


def _drafts(x: str, y: str, protein: str, role: PkRole) -> tuple[Draft, ...]:
    name, handler = display(protein), handler_of(protein)
    own, other = f"{x}:{protein}_{role}", f"{y}:{protein}_sub"
    if role is PkRole.SUBSTRATE:
        claims = (f"Both drugs are substrates of {name}.", f"{name} {handler.verb} both drugs.")
        return (Draft(StepRole.PK_FLAG, claims, tuple(sorted((own, other)))),)
    verb, participle, noun = _ACTOR_VERBS[role]
    acts = (
        f"Drug {x} {verb} {name}.",
        f"{name} is {participle} by Drug {x}.",
        f"Drug {x} is an {noun} of {name}.",
    )
    is_handled = (
        f"{name} {handler.verb} Drug {y}.",
        f"Drug {y} is {handler.participle} by {name}.",
        f"Drug {y} is a substrate of {name}.",
    )
    return Draft(StepRole.PK_FLAG, acts, (own,)), Draft(StepRole.PK_FLAG, is_handled, (other,))
