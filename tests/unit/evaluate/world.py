"""A made-up corpus whose labels follow from its evidence by stated rules, at any size.

Drugs come in classes that share fingerprints, ATC prefixes and PK flags. A pair in which one drug
inhibits or induces what clears the other is a PK interaction with a direction; two drugs of like class
share a risk; the rest follows from the classes. Some labels are noise, so that nothing is perfect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from mard.config import Weights
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.similarity import DrugFeatures

CLASSES = 12
ENZYMES = ("cyp3a4", "cyp2d6", "cyp2c9", "pgp", "oct2")
UNIPROT = ("P08684", "P10635", "P11712", "P08183", "O15244")
CLEARED_BY = {
    "cyp3a4": ("PK_Metabolism", "metabolism"),
    "cyp2d6": ("PK_Metabolism", "metabolism"),
    "cyp2c9": ("PK_Distribution", "serum_concentration"),
    "pgp": ("PK_Absorption", "absorption"),
    "oct2": ("PK_Excretion", "excretion"),
}
RISKS = ("adverse_effects", "qtc_prolongation", "bleeding", "cns_depression", "hypoglycemia")
ACTIVITIES = ("hypotensive", "thrombogenic", "vasodilatory")
STEMS = ("Alpha", "Beta", "Gamma", "Delta", "Kappa", "Lambda", "Sigma", "Omega")
SUFFIXES = ("mab", "nib", "statin", "pril", "azole", "olol")
EMPTY_LISTS = {
    **dict.fromkeys(
        ("pk_flags", "enzymes", "transporters", "carriers", "half_life_names"), pl.List(pl.String)
    ),
    "moa_names": pl.List(pl.List(pl.String)),
}
LABEL = ("family", "subtype", "direction", "polarity")


@dataclass(frozen=True)
class World:
    """Evidence of ``d`` drugs and labels of ``n`` pairs."""

    drugs: pl.DataFrame
    fingerprints: np.ndarray
    labels: pl.DataFrame

    def index(self, **universes: pl.DataFrame) -> NeighbourIndex:
        """A neighbour index over these training pairs."""
        features = DrugFeatures.build(self.drugs, self.fingerprints)
        return NeighbourIndex.build(features, Weights(0.25, 0.25, 0.25, 0.25), universes)


def make_world(drugs: int = 40, pairs: int = 300, seed: int = 0, noise: float = 0.1) -> World:
    """The same world for the same arguments."""
    generator = np.random.default_rng(seed)
    kinds = generator.integers(0, CLASSES, drugs)
    flags = generator.choice(4, (drugs, len(ENZYMES)), p=[0.5, 0.3, 0.15, 0.05])  # none, sub, inh, ind
    rows = [_drug(number, int(kinds[number]), flags[number]) for number in range(drugs)]
    table = pl.DataFrame(rows, schema_overrides=EMPTY_LISTS)
    prototypes = generator.random((CLASSES, 2048)) < 0.03
    bits = prototypes[kinds] ^ (generator.random((drugs, 2048)) < 0.005)
    labels = _labels(generator, kinds, flags, table["drug_id"].to_list(), pairs, noise)
    return World(table, np.packbits(bits, axis=1), labels)


def _drug(number: int, kind: int, flags: np.ndarray) -> dict[str, object]:
    listed = [
        (name, uniprot, ("sub", "inh", "ind")[code - 1])
        for name, uniprot, code in zip(ENZYMES, UNIPROT, flags, strict=True)
        if code
    ]
    letter = "ABCDGHJLMNRS"[kind]
    return {
        "drug_id": f"DB{90000 + number}",
        "name": f"{STEMS[number % len(STEMS)]}{SUFFIXES[number // len(STEMS) % len(SUFFIXES)]} {number}",
        "pk_flags": sorted(f"{name}_{role}" for name, _, role in listed),
        "atc": [f"{letter}{kind % 4 + 1:02}A{'ABC'[number % 3]}{number % 90 + 1:02}"],
        "targets": [f"Q{10000 + kind}"],
        "enzymes": sorted(uniprot for name, uniprot, _ in listed if name.startswith("cyp")),
        "transporters": sorted(uniprot for name, uniprot, _ in listed if not name.startswith("cyp")),
        "carriers": [],
        "pathways": [f"SMP{kind:07}"],
        "half_life_hours": float(number % 30 + 1),
        "half_life_text": f"{number % 30 + 1} hours",
        "half_life_names": [],
        "moa": [f"Acts on receptor Q{10000 + kind}."],
        "moa_names": [[]],
        "has_structure": True,
    }  # fmt: skip


def _labels(
    generator: np.random.Generator,
    kinds: np.ndarray,
    flags: np.ndarray,
    ids: list[str],
    pairs: int,
    noise: float,
) -> pl.DataFrame:
    every = np.column_stack(np.triu_indices(len(ids), k=1))
    chosen = every[np.sort(generator.choice(len(every), min(pairs, len(every)), replace=False))]
    answers = [_rule(int(kinds[a]), int(kinds[b]), flags[a], flags[b]) for a, b in chosen]
    for place in np.flatnonzero(generator.random(len(answers)) < noise):
        answers[place] = answers[int(generator.integers(len(answers)))]
    rows = [
        (f"{ids[a]}|{ids[b]}", ids[a], ids[b], *answer, answer[1])
        for (a, b), answer in zip(chosen, answers, strict=True)
    ]
    names = ["pair_id", "drug_a", "drug_b", *LABEL, "raw_subtype"]
    return pl.DataFrame(rows, schema=names, orient="row").sort("pair_id")


def _rule(kind_a: int, kind_b: int, a: np.ndarray, b: np.ndarray) -> tuple[str, str, str, str]:
    for direction, actor, affected in (("a_to_b", a, b), ("b_to_a", b, a)):
        for role, up in ((2, "down"), (3, "up")):
            hits = np.flatnonzero((actor == role) & (affected == 1))
            if len(hits):
                return (*CLEARED_BY[ENZYMES[hits[0]]], direction, up)
    low, high = sorted((kind_a, kind_b))
    if (low + high) % 3 == 0:
        return "PD_Activity", ACTIVITIES[high % 3], "a_to_b" if kind_a > kind_b else "b_to_a", "up"
    if (low * high) % 7 == 3:
        return "Efficacy", "therapeutic_efficacy", "a_to_b" if kind_a < kind_b else "b_to_a", "down"
    return "AdverseRisk", RISKS[low % len(RISKS)], "bidirectional", "up"
