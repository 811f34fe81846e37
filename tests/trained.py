"""Finished stages up to dpo for a release of six drugs, with untrained models: input of infer, register."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from mard.config import Params, load_params
from mard.io import write_json
from mard.lm.checkpoint import attach_lora, save_trained
from mard.schema import Protocol
from tasks import contracts, retrieve
from tasks.stage import Workspace
from tests.corpora import drug_rows
from tests.students import LORA, SMALL, model, tokenizer

NAMES = {
    "DB00582": "Voriconazole",
    "DB06626": "Axitinib",
    "DB11679": "Fruquintinib",
    "DB00682": "Warfarin",
    "DB01045": "Rifampicin",
    "DB00333": "Methadone",
}
FLAGS = {
    "DB00582": ["cyp2c19_inh", "cyp3a4_inh"],
    "DB06626": ["cyp3a4_sub"],
    "DB11679": ["cyp3a4_sub"],
    "DB00682": ["cyp2c9_sub"],
    "DB01045": ["cyp2c9_ind", "cyp3a4_ind"],
    "DB00333": ["cyp3a4_sub"],
}
LABELS = (
    ("PK_Metabolism", "metabolism", "a_to_b", "down"),
    ("AdverseRisk", "bleeding", "bidirectional", "up"),
    ("PK_Distribution", "serum_concentration", "b_to_a", "up"),
)
RELEASE = {"file": "sample.xml", "sha256": "0" * 64, "version": "0.1", "exported_on": "2026-01-01"}
HELD_OUT = {"val": (0, 1), "test": (2, 3)}


def params(**infer: Any) -> Params:
    """The repository's parameters at the smallest sizes."""
    chosen = load_params(Path("params.yaml"))
    student = replace(chosen.student, architecture=SMALL, max_length=2048)
    judge = replace(chosen.judge, max_claim_words=4, max_summary_words=6)
    small = {"samples_warm": 2, "samples_cold": 2, "max_new_tokens": 30, "batch_size": 16, **infer}
    return replace(chosen, student=student, judge=judge, infer=replace(chosen.infer, **small))


def workspace(folder: Path, **infer: Any) -> Workspace:
    """A workspace in ``folder`` with its own tracking store."""
    store = f"sqlite:///{folder}/mlruns/mlflow.db"
    return Workspace(params(**infer), tracking_uri=store, artifacts=folder / "artifacts")


def finish_until_dpo(folder: Path, seed: int = 0) -> Workspace:
    """Write every stage that infer and register read; models differ by ``seed``."""
    made = workspace(folder)
    _data(made)
    retrieved = made.stage("retrieve")
    retrieved.mkdir()
    retrieve.compute(made, retrieved)
    write_json(made.stage("gates") / "report.json", [])
    for number, stage in enumerate(("sft", "prm")):
        save_trained(model(2 * seed + number), tokenizer(), made.stage(stage))
    _adapter(made.stage("dpo"), seed)
    for stage in ("sft", "prm", "dpo"):
        write_json(made.stage(stage) / "gates.json", [])
    return made


def _adapter(folder: Path, seed: int) -> None:
    """A LoRA adapter that changes the student: its second factor starts at 0 and is filled here."""
    adapted = attach_lora(model(2 * seed), LORA, seed=seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.1)
    adapted.save_pretrained(folder / "adapter")


def _data(made: Workspace) -> None:
    write_json(made.stage("ingest") / "manifest.json", {"release": RELEASE})
    numbers = {int(drug[2:]): name for drug, name in NAMES.items()}
    aliases = {582: ["Vfend"], 6626: ["Inlyta"], 333: ["Vfend"], 682: []}
    contracts.write(
        made.stage("ingest"), "ingest/drugs", drug_rows(sorted(numbers), name=numbers, aliases=aliases)
    )
    contracts.write(made.stage("evidence"), "evidence/drugs", _evidence())
    np.save(made.stage("evidence") / "fingerprints.npy", np.zeros((len(NAMES), 8), dtype=np.uint8))
    pairs = _pairs()
    for table in (*Protocol, "teacher_subset"):
        contracts.write(made.stage("split"), f"split/{table}", pairs)
    drugs = sorted(NAMES)
    partition = {"drug_id": drugs, "moiety": drugs, "part": ["train"] * 6, "pairs": [5] * 6}
    contracts.write(made.stage("split"), "split/drug_partition", pl.DataFrame(partition))
    contracts.write(made.stage("split"), "split/eval", _manifest(pairs))


def _evidence() -> pl.DataFrame:
    columns = contracts.TABLES["evidence/drugs"].columns
    schema = {name: column.dtype.type for name, column in columns.items()}
    empty = {name: [] if isinstance(kind, pl.List) else None for name, kind in schema.items()}
    rows = [
        {**empty, "drug_id": drug, "name": NAMES[drug], "pk_flags": FLAGS[drug], "half_life_text": "6 hours"}
        | {"has_structure": False}
        for drug in sorted(NAMES)
    ]
    return pl.DataFrame(rows, schema=schema)


def _pairs() -> pl.DataFrame:
    """All 15 pairs with labels in turn: two each in val and test."""
    ids = list(combinations(sorted(NAMES), 2))
    parts = {number: part for part, numbers in HELD_OUT.items() for number in numbers}
    rows = [
        (f"{a}|{b}", a, b, *label, parts.get(number, "train"))
        for number, ((a, b), label) in enumerate(zip(ids, islice(cycle(LABELS), len(ids)), strict=True))
    ]
    columns = ["pair_id", "drug_a", "drug_b", "family", "subtype", "direction", "polarity", "part"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _manifest(pairs: pl.DataFrame) -> pl.DataFrame:
    held_out = pairs.filter(pl.col("part") != "train")
    sizes = params().split.eval_sizes
    return pl.concat(
        held_out.select(
            protocol=pl.lit(str(protocol)),
            part="part",
            size=pl.lit(size, dtype=pl.Int64),
            pair_id="pair_id",
        )
        for protocol in Protocol
        for size in sizes
    )
