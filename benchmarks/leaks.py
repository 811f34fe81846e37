"""How the two split designs in common use leak, as counted by our own gates; ours beside them.

Column-wise cold splits sample the unseen drugs of each column of the pair table by itself, though an
interaction has no first drug: a drug held out in one column stays in train in the other. A single neighbour
universe, the warm train part, serves every protocol with pairs that the cold protocols hold out.

On the synthetic corpus, or on a real one with ``--artifacts DIR`` (a folder that ran up to the stage split).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.synthetic import corpus
from mard.config import load_params
from mard.evidence.pool import EvidenceTables, build_evidence
from mard.gates.leakage import HELD_OUT, drug_cold_disjoint, neighbour_universe, pair_cold_disjoint
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.similarity import DrugFeatures
from mard.schema import Part, Protocol
from mard.split.cold import drug_cold_split, drug_partition, pair_cold_split
from mard.split.draw import drug_keys
from mard.split.frames import drug_numbers, keys_of
from mard.split.warm import warm_split
from tasks import contracts

DEFAULT_SCALE = 0.02
K = 5
SEED = 43
SHARE = 0.1


@dataclass(frozen=True)
class World:
    """A corpus, our splits of it, and what the channels of retrieval compare."""

    labels: pl.DataFrame
    partition: pl.DataFrame
    splits: Mapping[Protocol, pl.DataFrame]
    evidence: EvidenceTables

    @classmethod
    def made_up(cls, scale: float) -> World:
        """From the synthetic corpus."""
        params, tables = load_params(Path("params.yaml")), corpus(scale)
        partition = drug_partition(tables.labels, tables.drugs, params.split)
        splits = {
            Protocol.WARM: warm_split(tables.labels, params.split),
            Protocol.DRUG_COLD: drug_cold_split(tables.labels, partition),
            Protocol.PAIR_COLD: pair_cold_split(tables.labels, partition),
        }
        evidence = build_evidence(tables.drugs, tables.proteins, tables.pathways, params.evidence)
        return cls(tables.labels, partition, splits, evidence)

    @classmethod
    def of(cls, artifacts: Path) -> World:
        """From the folder of a pipeline that ran up to the stage split."""
        split, evidence = artifacts / "split", artifacts / "evidence"
        return cls(
            contracts.read(artifacts / "label", "label/labels"),
            contracts.read(split, "split/drug_partition"),
            {protocol: contracts.read(split, f"split/{protocol}") for protocol in Protocol},
            EvidenceTables(
                contracts.read(evidence, "evidence/drugs"),
                np.load(evidence / "fingerprints.npy", allow_pickle=False),
            ),
        )

    def part(self, protocol: Protocol, part: Part) -> pl.DataFrame:
        """One part of one split."""
        return self.splits[protocol].filter(pl.col("part") == part)

    def drugs(self, *parts: Part) -> list[str]:
        """Drugs of some parts of the partition."""
        return self.partition.filter(pl.col("part").is_in(parts))["drug_id"].to_list()


def run(scale: float, artifacts: Path | None = None) -> tuple[dict[str, float], dict[str, Any]]:
    """Shares of leaking test pairs and queries: column-wise splits, one warm universe, and ours."""
    world = World.made_up(scale) if artifacts is None else World.of(artifacts)
    columns = {
        "one_column": _column_split(world.labels, ("first",)),
        "each_column": _column_split(world.labels, ("first", "second")),
        "ours": _own_split(world),
    }
    universes = _universes(world)
    shares = {
        **{f"{name}_leaking_test_share": found["leaking_test_share"] for name, found in columns.items()},
        **{f"{name}_leaking_query_share": found["leaking_query_share"] for name, found in universes.items()},
    }
    return shares, {"pairs": world.labels.height, "splits": columns, "universes": universes}


# --- column-wise cold splits ----------------------------------------------------------------------


def _column_split(labels: pl.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """A test pair holds a sampled drug in each of the columns, a train pair in none.

    Which drug of a pair comes first is drawn by lot, as it is without meaning in the source.
    """
    turn = pl.Series(keys_of(labels, SEED) % 2 == 1)
    pairs = labels.with_columns(
        first=pl.when(turn).then("drug_b").otherwise("drug_a"),
        second=pl.when(turn).then("drug_a").otherwise("drug_b"),
    )
    sampled = {column: _sample(pairs[column], SEED + place) for place, column in enumerate(columns)}
    unseen = [pl.col(column).is_in(drugs.implode()) for column, drugs in sampled.items()]
    part = pl.when(pl.all_horizontal(unseen)).then(pl.lit("test"))
    part = part.when(pl.any_horizontal(unseen)).then(pl.lit("aside")).otherwise(pl.lit("train"))
    return _leaks(pairs.with_columns(part=part), pl.concat(sampled.values()).unique())


def _own_split(world: World) -> dict[str, Any]:
    drugs = world.partition.filter(pl.col("part") == Part.TEST)["drug_id"]
    return _leaks(world.splits[Protocol.PAIR_COLD], drugs)


def _leaks(split: pl.DataFrame, drugs: pl.Series) -> dict[str, Any]:
    """What gates 3 and 4 find in a split whose test part is said to hold these unseen drugs."""
    train, test = (split.filter(pl.col("part") == part) for part in (Part.TRAIN, Part.TEST))
    seen = pl.concat([train["drug_a"], train["drug_b"]]).unique()
    leaked = drugs.filter(drugs.is_in(seen.implode()))
    holds = pl.any_horizontal(pl.col("drug_a", "drug_b").is_in(leaked.implode()))
    known = test.filter(holds).height
    both = pl.concat([train, test])
    partition = pl.DataFrame({"drug_id": drugs}).with_columns(part=pl.lit("test"))
    return {
        "train_pairs": train.height,
        "test_pairs": test.height,
        "held_out_drugs": len(drugs),
        "held_out_drugs_in_train": len(leaked),
        "test_pairs_with_a_held_out_drug_in_train": known,
        "gate_3_violations": drug_cold_disjoint(both, partition).violations,
        "gate_4_violations": pair_cold_disjoint(both).violations,
        "leaking_test_share": round(known / max(test.height, 1), 4),
    }


def _sample(drugs: pl.Series, seed: int) -> pl.Series:
    """A tenth of a column's drugs."""
    own = drugs.unique().sort()
    order = np.argsort(drug_keys(drug_numbers(own), seed))
    return own[np.sort(order[: round(SHARE * len(own))])]


# --- one neighbour universe for all protocols -----------------------------------------------------


def _universes(world: World) -> dict[str, dict[str, Any]]:
    """Every ``pair_cold`` test query against the warm train part, and against its own.

    The gentler warm variant shows no pair that holds a drug of the query itself.
    """
    params = load_params(Path("params.yaml"))
    names = (Protocol.WARM, Protocol.PAIR_COLD)
    trains = {str(name): world.part(name, Part.TRAIN) for name in names}
    ids = pl.concat([world.labels["drug_a"], world.labels["drug_b"]]).unique()
    features = DrugFeatures.build(world.evidence.drugs, world.evidence.fingerprints, ids)
    index = NeighbourIndex.build(features, params.retrieve.weights, trains)
    queries = world.part(Protocol.PAIR_COLD, Part.TEST)
    roster = index.roster([*queries["drug_a"], *queries["drug_b"]])
    a, b = (roster.rows(queries[side]) for side in ("drug_a", "drug_b"))
    threads = len(os.sched_getaffinity(0))

    def exposed(name: str, avoid: np.ndarray | None = None) -> dict[str, Any]:
        found = index.query_many(name, roster, a, b, K, avoid=avoid, threads=threads)
        return _exposed(world, queries, index.shown(name, found))

    return {
        "warm_universe": exposed("warm"),
        "warm_universe_without_the_querys_drugs": exposed("warm", np.stack([a, b], axis=1)),
        "own_universe": exposed("pair_cold"),
    }


def _exposed(world: World, queries: pl.DataFrame, shown: pl.DataFrame) -> dict[str, Any]:
    """What gate 7 finds among the neighbours that the queries are shown."""
    held_out = world.drugs(*HELD_OUT)
    pairs = shown.with_columns(
        pair_id=queries["pair_id"][shown["query"].to_numpy()],
        neighbour=pl.concat_str(
            pl.min_horizontal("first", "second"), pl.max_horizontal("first", "second"), separator="|"
        ),
    )
    leaking, unseen = (
        pairs.filter(pl.any_horizontal(pl.col("first", "second").is_in(drugs)))["pair_id"].n_unique()
        for drugs in (held_out, world.drugs(Part.TEST))
    )
    gate = neighbour_universe(pairs, world.part(Protocol.PAIR_COLD, Part.TRAIN), held_out, Protocol.PAIR_COLD)
    answers = queries.select(neighbour="pair_id")
    return {
        "queries": queries.height,
        "neighbours": pairs.height,
        "queries_shown_a_held_out_drug": leaking,
        "queries_shown_a_test_drug": unseen,
        "neighbours_that_are_test_pairs": pairs.join(answers, on="neighbour", how="semi").height,
        "gate_7_violations": gate.violations,
        "leaking_query_share": round(leaking / max(queries.height, 1), 4),
    }
