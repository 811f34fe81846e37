"""A small finished corpus as far as the stage retrieve, with real drugs' flags and classes."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import polars as pl

from mard.io import write_json
from mard.schema import Direction, Family, Label, Polarity
from tasks import contracts
from tasks.stage import Workspace, workspace_for

DRUGS = {
    "DB00582": ("Voriconazole", ("cyp2c19_inh", "cyp2c19_sub", "cyp3a4_inh"), ("J02AC03",)),
    "DB00641": ("Simvastatin", ("cyp3a4_sub",), ("C10AA01",)),
    "DB00682": ("Warfarin", ("cyp2c9_sub", "cyp3a4_sub"), ("B01AA03",)),
    "DB00829": ("Diazepam", ("cyp2c19_sub", "cyp3a4_sub"), ("N05BA01",)),
    "DB01050": ("Ibuprofen", ("cyp2c9_sub",), ("M01AE01",)),
    "DB06626": ("Axitinib", ("cyp3a4_sub",), ("L01EK01",)),
    "DB99999": ("Mysterium", (), ()),
}
METABOLISM = Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN)
RISK = Label(Family.ADVERSE_RISK, "adverse_effects", Direction.BIDIRECTIONAL, Polarity.UP)
PAIRS = [f"{a}|{b}" for a, b in combinations(sorted(DRUGS), 2)]


def gold(pair_id: str) -> Label:
    """Voriconazole slows the metabolism of whatever it meets; the rest is a nameless risk."""
    return METABOLISM if pair_id.startswith("DB00582") else RISK


def write_teacher_set(artifacts: Path, *overrides: str) -> Workspace:
    """A workspace whose stages evidence, split and retrieve are finished."""
    small = ("teach.candidates=3", "teach.shard_pairs=5", "prm.epsilon=0.1", *overrides)
    workspace = workspace_for(artifacts, overrides=small)
    for stage in ("evidence", "split", "retrieve"):
        workspace.stage(stage).mkdir(parents=True)
        write_json(workspace.stage(stage) / "manifest.json", {})
    contracts.write(workspace.stage("evidence"), "evidence/drugs", _drugs())
    contracts.write(workspace.stage("split"), "split/teacher_subset", _subset())
    contracts.write(workspace.stage("retrieve"), "retrieve/queries", _queries())
    contracts.write(workspace.stage("retrieve"), "retrieve/neighbours", _neighbours())
    return workspace


def _frame(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    columns = contracts.TABLES[table].columns
    return pl.DataFrame(rows, schema={name: column.dtype.type for name, column in columns.items()})


def _drugs() -> pl.DataFrame:
    empty = (
        "targets",
        "enzymes",
        "transporters",
        "carriers",
        "pathways",
        "half_life_names",
        "moa",
        "moa_names",
    )
    return _frame(
        "evidence/drugs",
        [
            {
                "drug_id": drug_id,
                "name": name,
                "pk_flags": list(flags),
                "atc": list(atc),
                "half_life_hours": 6.0 if flags else None,
                "half_life_text": "6 hours" if flags else "",
                "has_structure": False,
                **{column: [] for column in empty},
            }
            for drug_id, (name, flags, atc) in DRUGS.items()
        ],
    )


def _label_columns(label: Label) -> dict[str, str]:
    names = ("family", "subtype", "direction", "polarity")
    return {name: str(getattr(label, name)) for name in names}


def _subset() -> pl.DataFrame:
    rows = [
        {
            "pair_id": pair_id,
            "drug_a": pair_id[:7],
            "drug_b": pair_id[8:],
            **_label_columns(gold(pair_id)),
            "part": "val" if number % 7 == 0 else "train",
        }
        for number, pair_id in enumerate(PAIRS)
    ]
    return _frame("split/teacher_subset", rows)


def _queries() -> pl.DataFrame:
    rows = [
        {
            "set": "teacher",
            "part": "val" if number % 7 == 0 else "train",
            "regime": ("warm", "drug_cold", "pair_cold")[number % 3],
            "pair_id": pair_id,
            "drug_a": pair_id[:7],
            "drug_b": pair_id[8:],
            "pathway_jaccard": 0.0,
            "protein_jaccard": 0.25 * (number % 2),
            "atc_depth": 0,
            "smiles_tanimoto": 0.1,
        }
        for number, pair_id in enumerate(PAIRS)
    ]
    return _frame("retrieve/queries", rows)


def _neighbours() -> pl.DataFrame:
    rows = [
        {
            "set": "teacher",
            "pair_id": pair_id,
            "rank": 0,
            "first": "DB00001",
            "second": "DB00002",
            "similarity": 0.3,
            **_label_columns(gold(pair_id) if number % 4 else RISK),
        }
        for number, pair_id in enumerate(PAIRS)
    ]
    return _frame("retrieve/neighbours", rows)
