"""The drugs of a release: every fact that ingest reads of one.

Coverage is that of a real release: of all drugs 74 % have a structure, 51 % a target, 21 % a mechanism,
9 % an enzyme; drugs that interact are described far better than the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random
from typing import Final

from benchmarks.synthetic.classes import (
    CARRIERS,
    ENZYMES,
    PK_PROTEINS,
    DrugClass,
    Protein,
    draw_classes,
    draw_targets,
)
from benchmarks.synthetic.molecules import draw_smiles
from benchmarks.synthetic.names import NameBook
from benchmarks.synthetic.sizes import Sizes

_SALT_SHARE: Final = 0.04
_STEREO_SHARE: Final = 0.01
_GROUPS: Final = (("approved",), ("experimental",), ("investigational",), ("approved", "investigational"))
_ROLES: Final = ("substrate", "inhibitor", "inducer", "weak inhibitor", "strong inhibitor")
_HALF_LIVES: Final = (
    "{low} hours",
    "The half-life is {low}-{high} hours.",
    "Elimination half-life: {low} ± 1.5 h in healthy adults[A{reference}].",
    "{low} to {high} days after a single dose",
    "Not determined in humans.",
    "The terminal half-life is approximately {low} hours, longer in renal impairment.",
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of drugs that have a fact."""

    structure: float
    target: float
    enzyme: float
    transporter: float
    carrier: float
    pathway: float
    mechanism: float
    half_life: float
    atc: float


INTERACTING: Final = Coverage(0.80, 0.75, 0.30, 0.20, 0.12, 0.25, 0.66, 0.55, 0.85)
OTHER: Final = Coverage(0.717, 0.42, 0.01, 0.01, 0.005, 0.02, 0.038, 0.03, 0.05)

Link = tuple[str, Protein, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SyntheticDrug:
    """What the release says about one drug.

    Attributes:
        row: Position among the drugs, in order of id.
        group: Position of its class.
        synonyms: Other names; with ``brands`` the aliases. An interacting drug has at least one.
        mechanism: Paragraphs.
        links: (role, protein, actions), at most one for each role and protein.
        pathways: (SMPDB id, name).
    """

    row: int
    drug_id: str
    group: int
    interacting: bool
    name: str
    type: str
    groups: tuple[str, ...]
    retired_ids: tuple[str, ...]
    synonyms: tuple[str, ...]
    brands: tuple[str, ...]
    smiles: str | None
    inchikey: str | None
    atc: tuple[str, ...]
    mechanism: tuple[str, ...]
    half_life: str
    links: tuple[Link, ...]
    pathways: tuple[tuple[str, str], ...]


def draw_drugs(sizes: Sizes, seed: int) -> Iterator[SyntheticDrug]:
    """The drugs in order of id, one at a time."""
    return _Draw(sizes, Random(f"{seed}/drugs")).drugs()


class _Draw:
    def __init__(self, sizes: Sizes, random: Random) -> None:
        self._sizes = sizes
        self._random = random
        self._names = NameBook(random)
        self._targets = draw_targets(random, sizes.targets)
        self._classes = draw_classes(random, sizes, self._targets)

    def drugs(self) -> Iterator[SyntheticDrug]:
        random, sizes = self._random, self._sizes
        spread = sizes.drugs + sizes.drugs // 6
        numbers = sorted(random.sample(range(1, spread + 1), sizes.drugs))
        retired = iter(sorted(set(range(1, spread + 1)) - set(numbers)))
        interacting = set(random.sample(range(sizes.drugs), sizes.interacting))
        weights = [1 / (place + 3) for place in range(sizes.classes)]
        groups = random.choices(range(sizes.classes), weights, k=sizes.drugs)
        recent: dict[int, SyntheticDrug] = {}
        for row, (number, group) in enumerate(zip(numbers, groups, strict=True)):
            drug = self._drug(row, f"DB{number:05d}", group, row in interacting, recent.get(group))
            if random.random() < 0.03:
                drug = replace(drug, retired_ids=(f"DB{next(retired):05d}",))
            elif random.random() < 0.1:
                drug = replace(drug, retired_ids=(f"EXPT{row:05d}",))
            if " " not in drug.name and drug.name.isalpha():
                recent[group] = drug
            yield drug

    def _drug(
        self, row: int, drug_id: str, group: int, interacting: bool, base: SyntheticDrug | None
    ) -> SyntheticDrug:
        random, shared = self._random, self._classes[group]
        coverage = INTERACTING if interacting else OTHER
        name, structure, block = self._identity(shared, base, drug_id)
        smiles = structure if random.random() < coverage.structure else None
        described = interacting or random.random() < 0.5
        return SyntheticDrug(
            row=row,
            drug_id=drug_id,
            group=group,
            interacting=interacting,
            name=name,
            type="small molecule" if smiles or random.random() < 0.4 else "biotech",
            groups=random.choice(_GROUPS) if interacting else ("experimental",),
            retired_ids=(),
            synonyms=self._names.synonyms(name, random.randrange(1, 5)) if described else (),
            brands=self._names.brands(random.randrange(1, 4)) if interacting else (),
            smiles=smiles,
            inchikey=f"{block}-{_letters(drug_id, 10)}-N" if smiles else None,
            atc=self._atc(shared) if random.random() < coverage.atc else (),
            mechanism=self._mechanism(name, shared, base) if random.random() < coverage.mechanism else (),
            half_life=self._half_life() if random.random() < coverage.half_life else "",
            links=tuple(self._links(shared, coverage)),
            pathways=shared.pathways[: random.randrange(1, 3)] if random.random() < coverage.pathway else (),
        )

    def _identity(self, shared: DrugClass, base: SyntheticDrug | None, drug_id: str) -> tuple[str, str, str]:
        """Name, SMILES and first InChIKey block: new ones, or those of a form of ``base``."""
        random = self._random
        shape = random.random()
        if base is not None and base.smiles and base.inchikey and shape < _SALT_SHARE + _STEREO_SHARE:
            form = self._names.salt if shape < _SALT_SHARE else self._names.stereo
            if name := form(base.name):
                counter_ion = ".Cl" if shape < _SALT_SHARE else ""
                return name, base.smiles + counter_ion, base.inchikey.split("-")[0]
        return self._names.drug(shared.stem), draw_smiles(shared.scaffold, random), _letters(drug_id, 14)

    def _atc(self, shared: DrugClass) -> tuple[str, ...]:
        random = self._random
        chosen = shared.atc[: random.choice((1, 1, 1, 2))]
        return tuple(f"{prefix}{random.randrange(1, 60):02d}" for prefix in chosen)

    def _mechanism(self, name: str, shared: DrugClass, base: SyntheticDrug | None) -> tuple[str, ...]:
        random = self._random
        target = random.choice(shared.targets)
        told = [
            f"{name} is an {shared.action} of {target.name} ({target.gene}), which lowers signalling in "
            f"the affected tissue[A{random.randrange(1, 99_999)}].",
            f"By this action {name} changes the release of mediators downstream of {target.gene}.",
        ]
        if base is not None and random.random() < 0.4:
            told.append(f"It binds {random.randrange(2, 90)} times more tightly than {base.name}.")
        told.append("The complete mechanism has not been elucidated, e.g. in patients with renal impairment.")
        return tuple(told[: random.randrange(2, len(told) + 1)])

    def _half_life(self) -> str:
        low = self._random.randrange(1, 40)
        text = self._random.choice(_HALF_LIVES)
        return text.format(low=low, high=low + 4, reference=self._random.randrange(1, 99_999))

    def _links(self, shared: DrugClass, coverage: Coverage) -> Iterator[Link]:
        random = self._random
        if random.random() < coverage.target:
            chosen = random.sample(shared.targets, random.randrange(1, 5))
            if random.random() < 0.3:
                chosen.append(random.choice(self._targets))
            yield from (("target", protein, (shared.action,)) for protein in dict.fromkeys(chosen))
        if random.random() < coverage.enzyme:
            chosen_enzymes = {*random.choices(shared.enzymes, k=2), random.choice(ENZYMES)}
            yield from (("enzyme", PK_PROTEINS[each], self._roles()) for each in sorted(chosen_enzymes))
        if random.random() < coverage.transporter:
            yield "transporter", PK_PROTEINS[random.choice(shared.transporters)], self._roles()
        if random.random() < coverage.carrier:
            yield "carrier", PK_PROTEINS[random.choice(CARRIERS)], ("binder",)

    def _roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._random.choices(_ROLES, k=self._random.choice((1, 1, 1, 2, 0)))))


def _letters(text: str, count: int) -> str:
    """Capital letters that follow from ``text``, as an InChIKey follows from a structure."""
    return "".join(chr(ord("A") + byte % 26) for byte in sha256(f"{text}/{count}".encode()).digest()[:count])
