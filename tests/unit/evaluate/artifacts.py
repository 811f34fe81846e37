"""All that the stage evaluate reads, made from a world: real splits and retrieval, a made-up student."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mard.io import write_json, write_jsonl
from mard.mirror import mirror
from mard.retrieve.pools import PoolStore
from mard.schema import (
    Direction,
    Family,
    FinalAnswer,
    Label,
    Polarity,
    Pool,
    Protocol,
    Step,
    StepRole,
    Trace,
)
from tasks import contracts
from tasks.stage import Workspace, run_stage
from tests.students import tokenizer
from tests.unit.evaluate.world import LABEL, World

RELEASE = {"file": "made-up.xml", "sha256": "ab" * 32, "version": "5.1.99", "exported_on": "2026-04-01"}
LAYERS = ["greedy", "self_consistency", "conformal", "stack"]
SKILL = {"warm": 0.9, "drug_cold": 0.8, "pair_cold": 0.7}


def write_artifacts(world: World, workspace: Workspace) -> None:
    """Write the folders of every stage before evaluate."""
    from tasks import baselines, retrieve, split

    _corpus(world, workspace)
    run_stage("split", split.compute, workspace)
    run_stage("retrieve", retrieve.compute, workspace)
    run_stage("baselines", baselines.compute, workspace)
    _training(workspace)
    _answers(workspace)


def _corpus(world: World, workspace: Workspace) -> None:
    ingest, label, evidence = (_folder(workspace, name) for name in ("ingest", "label", "evidence"))
    write_json(ingest / "manifest.json", {"release": RELEASE, "counts": {}})
    drugs = world.drugs.select(
        "drug_id",
        "name",
        type=pl.lit("small molecule"),
        groups=pl.lit(["approved"]),
        secondary_ids=pl.lit([], dtype=pl.List(pl.String)),
        aliases=pl.lit([], dtype=pl.List(pl.String)),
        smiles=pl.lit("C"),
        inchikey=pl.concat_str(pl.lit("KEY"), "drug_id"),
        atc=pl.col("atc"),
        moa=pl.lit(""),
        half_life=pl.col("half_life_text"),
    )
    contracts.write(ingest, "ingest/drugs", drugs)
    proteins = {
        "role": "enzyme",
        "uniprot": "P08684",
        "gene": "CYP3A4",
        "organism": "Humans",
        "actions": ["inhibitor"],
    }
    contracts.write(ingest, "ingest/proteins", pl.DataFrame([{"drug_id": "DB90000", **proteins}]))
    contracts.write(label, "label/labels", world.labels)
    contracts.write(evidence, "evidence/drugs", world.drugs)
    np.save(evidence / "fingerprints.npy", world.fingerprints)


def _training(workspace: Workspace) -> None:
    names = ("pair_disjoint", "drug_cold_disjoint", "label_unique", "evidence_text", "manifest_integrity")
    write_json(_folder(workspace, "gates") / "report.json", [_gate(name, "all") for name in names])
    for stage in ("prm", "sft", "dpo", "infer"):
        write_json(_folder(workspace, stage) / "gates.json", [_gate("training_rows", stage)])
    for stage in ("prm", "sft", "dpo"):
        write_json(
            workspace.stage(stage) / "metrics.json",
            {"held_out": {"accuracy": 0.91, "auroc": None}, "untrained": {"accuracy": 0.5}, "too_long": 0},
        )
        curve = (
            {"step": step, "loss": round(3 * 0.97**step + 0.4, 4), "kl": 1 / (step + 9), "epoch": 0.1}
            for step in range(1, 90, 4)
        )
        write_jsonl(workspace.stage(stage) / "history.jsonl", curve)
    write_json(_folder(workspace, "consensus") / "manifest.json", {"counts": {"winners": 640}})
    tokenizer().save_pretrained(workspace.stage("sft") / "tokenizer")
    counts = {"candidates": 640, "prompt_tokens": 0, "completion_tokens": 0}
    teachers = {teacher.name: counts for teacher in workspace.params.teach.teachers}
    write_json(_folder(workspace, "teach") / "manifest.json", {"pairs": 80, "teachers": teachers})


def _gate(name: str, protocol: str) -> dict[str, Any]:
    return {"gate": name, "protocol": protocol, "checked": 1234, "violations": 0, "examples": []}


def _answers(workspace: Workspace) -> None:
    folder = workspace.stage("infer")
    store = PoolStore.open(workspace.stage("evidence"), workspace.stage("retrieve"))
    manifest = contracts.read(workspace.stage("split"), "split/eval").filter(
        pl.col("size") == workspace.params.infer.manifest_size
    )
    candidates, rows = [], []
    for protocol in Protocol:
        split = contracts.read(workspace.stage("split"), f"split/{protocol}")
        for (part,), own in manifest.filter(pl.col("protocol") == protocol).group_by(
            "part", maintain_order=True
        ):
            asked = split.join(own.select("pair_id"), on="pair_id", how="semi").sort("pair_id")
            for row in asked.iter_rows(named=True):
                where = {"protocol": str(protocol), "part": part, "pair_id": row["pair_id"]}
                made = Student(str(protocol), store.pool(protocol, row["pair_id"]), _label(row))
                candidates += [{**where, **each} for each in made.candidates()]
                rows += [{**where, **each} for each in made.rows()]
    write_jsonl(folder / "candidates.jsonl", candidates)
    columns = list(contracts.TABLES["infer/predictions"].columns)
    contracts.write(folder, "infer/predictions", pl.DataFrame(rows).select(columns))
    write_json(folder / "stack.json", {"layers": LAYERS, "final": "stack"})
    rates = {"texts": 8, "parse_rate": 0.75, "hr": 0.5}
    flags = [{"rule": "ungrounded", "fired": 3, "precision": 0.9, "otherwise": 0.2}]
    made = {"constraint": {"on": rates, "off": rates}, "flags": {str(name): flags for name in Protocol}}
    write_json(folder / "manifest.json", made)
    _probes(workspace, pl.DataFrame(rows))


def _probes(workspace: Workspace, answers: pl.DataFrame) -> None:
    """Answers to pairs whose retrieval is off: those of the other ordering."""
    columns = list(contracts.TABLES["probe/answers"].columns)
    asked = answers.filter((pl.col("ordering") == "ba") & (pl.col("part") == "test"))
    made = asked.with_columns(probe=pl.lit("no_retrieval"), shown=pl.lit("")).select(columns)
    contracts.write(_folder(workspace, "probe"), "probe/answers", made)


def _label(row: dict[str, Any]) -> Label:
    return Label(
        Family(row["family"]), row["subtype"], Direction(row["direction"]), Polarity(row["polarity"])
    )


class Student:
    """Right with a chance that falls with rarity of evidence, and honest about its confidence."""

    def __init__(self, protocol: str, pool: Pool, gold: Label) -> None:
        seed = [ord(letter) for letter in f"{protocol}{pool.pair_id}"]
        self.draw = np.random.default_rng(seed)
        self.pool, self.gold = pool, gold
        self.skill = float(np.clip(SKILL[protocol] + self.draw.normal(0, 0.15), 0.05, 0.99))
        self.traces = [self._trace() for _ in range(4)]

    def _answer(self) -> Label:
        if self.draw.random() < self.skill:
            return self.gold
        if self.draw.random() < 0.3:
            return mirror(self.gold)
        return self.pool.neighbours[int(self.draw.integers(len(self.pool.neighbours)))].label

    def _trace(self) -> Trace:
        label = self._answer()
        own = sorted(self.pool.citations)
        chosen = [own[int(place)] for place in self.draw.choice(len(own), 4, replace=False)]
        nearest = tuple(neighbour.citation for neighbour in self.pool.neighbours[:1])
        told = (
            (StepRole.PK_FLAG, "Drug A and Drug B meet at the same enzyme.", tuple(chosen[:2])),
            (StepRole.PAIR_SIMILARITY, "They are alike <in> part.", ("pair:smiles_tanimoto", chosen[2])),
            (StepRole.NEIGHBOR_PAIR, "A known pair points the same way.", nearest),
            (StepRole.CONCLUSION, f"The mechanism is {label.family}, {label.direction}.", (chosen[3],)),
        )
        steps = tuple(Step(number, *step) for number, step in enumerate(told, start=1))
        summary = f"{self.pool.a.name} and {self.pool.b.name} interact by way of {label.subtype}."
        return Trace(
            steps,
            summary,
            FinalAnswer(*(getattr(label, name) for name in LABEL), round(self.skill, 3), False),
        )

    def candidates(self) -> Iterator[dict[str, Any]]:
        """Rows of ``candidates.jsonl``."""
        for place, trace in enumerate(self.traces):
            scores = [0.9, 0.8, 0.7, 0.85, round(self.skill, 3)]
            ordering, index = ("ab", "ba")[place % 2], None if place < 2 else place
            yield {
                "ordering": ordering,
                "index": index,
                "trace": asdict(trace),
                "step_scores": scores,
                "phi": 0.7 + place / 100,
                "proposed": False,
            }
        yield {
            "ordering": "ab",
            "index": 0,
            "trace": asdict(self.traces[0]),
            "step_scores": [0.1] * 5,
            "phi": 0.1,
            "proposed": True,
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows of the predictions table."""
        yield self._row("greedy", "ab", 0)
        yield self._row("greedy", "ba", 1)
        for layer in LAYERS[1:]:
            yield self._row(layer, "ab", 2)

    def _row(self, layer: str, ordering: str, place: int) -> dict[str, Any]:
        answer = asdict(self.traces[place].final_answer)
        abstain = layer in ("conformal", "stack") and self.skill < 0.55
        made = {"margin": 0.5, "phi": 0.7 + place / 100, "step_mean": 0.8, "parsed": True}
        counts = {"citations": 6, "grounded": 6, "claims": 2, "supported": 1}
        direction = str(Direction.NONE) if abstain else answer["direction"]
        return {
            "layer": layer,
            "ordering": ordering,
            **answer,
            **made,
            **counts,
            "direction": direction,
            "abstain": abstain,
        }


def _folder(workspace: Workspace, stage: str) -> Path:
    path = workspace.stage(stage)
    path.mkdir(parents=True, exist_ok=True)
    return path
