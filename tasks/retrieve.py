"""Retrieve: the neighbour index, the queries of every set with their neighbours, and the audit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.config import Retrieve
from mard.gates.leakage import HELD_OUT, GateResult, neighbour_regime, neighbour_universe
from mard.gates.report import enforce, to_rows
from mard.io import read_json, sha256_file, write_json
from mard.schema import Part, Protocol
from mard.split.subset import shared_train
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mard.retrieve.neighbours import NeighbourIndex, Roster

TEACHER, SHARED = "teacher", "shared"

Splits = Mapping[Protocol, pl.DataFrame]


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write index, queries, neighbours, audit and the findings of gate 7."""
    from mard.retrieve.audit_page import write_audit_page
    from mard.retrieve.neighbours import NeighbourIndex

    params = workspace.params.retrieve
    folder = workspace.need("split")
    splits = {protocol: contracts.read(folder, f"split/{protocol}") for protocol in Protocol}
    subset = contracts.read(folder, "split/teacher_subset")
    universes = universes_of(splits, subset)
    threads = len(os.sched_getaffinity(0))
    features = _features(workspace, universes)
    index = NeighbourIndex.build(features, params.weights, universes, threads=threads)
    index.save(out / "index")
    queries = _queries(workspace, splits, subset)
    neighbours = _neighbours(index, queries, params, threads)
    gates = check(neighbours, queries, universes, contracts.read(folder, "split/drug_partition"))
    enforce(gates)
    contracts.write(out, "retrieve/queries", _with_evidence(index, queries, threads))
    contracts.write(out, "retrieve/neighbours", neighbours)
    report = _audit(workspace, index, splits, threads)
    write_json(out / "audit.json", report)
    write_audit_page(out / "audit.html", report, {name: own.height for name, own in universes.items()})
    write_json(out / "gates.json", to_rows(gates))
    manifest = {
        "release": read_json(workspace.need("ingest", "manifest.json"))["release"],
        "weights": asdict(params.weights),
        "k": params.k,
        "sharpness": params.sharpness,
        "drugs": len(index.drug_ids),
        "universes": {name: own.height for name, own in universes.items()},
        "queries": _counts(queries),
        "sha256": {name: sha256_file(out / name) for name in ("queries.parquet", "neighbours.parquet")},
    }
    write_json(out / "manifest.json", manifest)
    counts = {"drugs": manifest["drugs"], "queries": queries.height, "neighbours": neighbours.height}
    return {**counts, "universes": manifest["universes"], "audit": report}


def universes_of(splits: Splits, subset: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Training pairs by universe: each protocol's own train, and ``shared`` for the teacher set.

    The subset's own val and test pairs are in no prompt of the teacher set, or their labels would
    be read in training.
    """
    universes = {
        str(protocol): split.filter(pl.col("part") == Part.TRAIN) for protocol, split in splits.items()
    }
    held_out = subset.filter(pl.col("part") != Part.TRAIN)
    universes[SHARED] = shared_train(splits).join(held_out, on="pair_id", how="anti")
    return universes


def check(
    neighbours: pl.DataFrame,
    queries: pl.DataFrame,
    universes: Mapping[str, pl.DataFrame],
    partition: pl.DataFrame,
) -> list[GateResult]:
    """Gate 7 on the rows that are about to be written."""
    cold = partition.filter(pl.col("part").is_in(HELD_OUT))["drug_id"].to_list()
    held_out: dict[str, list[str]] = {Protocol.WARM: [], Protocol.DRUG_COLD: cold, Protocol.PAIR_COLD: cold}
    results = []
    for name in (*Protocol, TEACHER):
        rows = neighbours.filter(pl.col("set") == name)
        universe = universes[SHARED if name == TEACHER else name]
        results.append(neighbour_universe(rows, universe, held_out.get(name, cold), name))
    teacher = neighbours.filter(pl.col("set") == TEACHER)
    results.append(neighbour_regime(teacher, queries.filter(pl.col("set") == TEACHER), TEACHER))
    return results


def _features(workspace: Workspace, universes: Mapping[str, pl.DataFrame]) -> Any:
    from mard.retrieve.similarity import DrugFeatures

    folder = workspace.need("evidence")
    drugs = contracts.read(folder, "evidence/drugs")
    bits = np.load(folder / "fingerprints.npy", allow_pickle=False)
    extra = {
        drug for own in universes.values() for side in ("drug_a", "drug_b") for drug in own[side].unique()
    }
    return DrugFeatures.build(drugs, bits, extra)


def _queries(workspace: Workspace, splits: Splits, subset: pl.DataFrame) -> pl.DataFrame:
    """Pairs of every set with the universe that answers and the drugs to avoid, sorted."""
    from mard.retrieve.regimes import deal_regimes

    params = workspace.params
    dealt = deal_regimes(subset, params.retrieve.regime_shares, params.retrieve.seed)
    sets = [dealt.with_columns(set=pl.lit(TEACHER), universe=pl.lit(SHARED))]
    sizes = {params.infer.manifest_size, max(params.split.eval_sizes)}
    manifest = contracts.read(workspace.need("split"), "split/eval").filter(pl.col("size").is_in(sizes))
    for protocol, split in splits.items():
        asked = manifest.filter(pl.col("protocol") == protocol)["pair_id"].unique()
        name = pl.lit(str(protocol))
        none = pl.lit([], dtype=pl.List(pl.String))
        pairs = split.filter(pl.col("pair_id").is_in(asked.implode()))
        sets.append(pairs.with_columns(regime=name, avoid=none, set=name, universe=name))
    return pl.concat(sets).sort("set", "pair_id")


def _neighbours(index: NeighbourIndex, queries: pl.DataFrame, params: Retrieve, threads: int) -> pl.DataFrame:
    """Neighbours of all queries, in the order of the queries."""
    roster = index.roster({*queries["drug_a"], *queries["drug_b"]})
    tables: list[pl.DataFrame] = []
    done = 0
    with Progress("retrieving neighbours") as progress:
        for (own, universe), asked in queries.group_by("set", "universe", maintain_order=True):
            a, b = (roster.rows(asked[side]) for side in ("drug_a", "drug_b"))
            avoid = _avoided(roster, asked["avoid"])
            found = index.query_many(
                universe, roster, a, b, params.k, avoid=avoid, sharpness=params.sharpness, threads=threads
            )
            shown = index.shown(universe, found)
            tables.append(shown.with_columns(set=pl.lit(own), pair_id=asked["pair_id"][shown["query"]]))
            done += asked.height
            progress(done, queries.height)
    return pl.concat(tables).select(list(contracts.TABLES["retrieve/neighbours"].columns))


def _avoided(roster: Roster, drugs: pl.Series) -> npt.NDArray[np.int32]:
    """Rows of each query's drugs to avoid, filled up with -1, ``[q, w]``."""
    rows = np.full((len(drugs), drugs.list.len().max()), -1, dtype=np.int32)
    for column in range(rows.shape[1]):
        own = drugs.list.get(column, null_on_oob=True)
        rows[own.is_not_null().to_numpy(), column] = roster.rows(own.drop_nulls())
    return rows


def _with_evidence(index: NeighbourIndex, queries: pl.DataFrame, threads: int) -> pl.DataFrame:
    from mard.retrieve.similarity import pair_scalars

    a, b = (index.features.rows_of(queries[side]) for side in ("drug_a", "drug_b"))
    scalars = pair_scalars(index.features, a, b, threads=threads)
    columns = contracts.TABLES["retrieve/queries"].columns.items()
    found = queries.hstack(pl.DataFrame(vars(scalars)))
    return found.select(pl.col(name).cast(column.dtype.type) for name, column in columns)


def _audit(workspace: Workspace, index: NeighbourIndex, splits: Splits, threads: int) -> dict[str, Any]:
    """MOR@k on a sample of each protocol's test part."""
    from mard.retrieve.audit import audit
    from mard.split.draw import stratified_sample
    from mard.split.frames import families_of, keys_of

    params = workspace.params.retrieve
    queries = {}
    for protocol, split in splits.items():
        test = split.filter(pl.col("part") == Part.TEST)
        chosen = stratified_sample(families_of(test), keys_of(test, params.seed), params.audit_queries)
        queries[str(protocol)] = test.filter(pl.Series(chosen))
    with Progress("auditing retrieval") as progress:
        report = audit(
            index,
            queries,
            params.audit_k,
            sharpness=params.sharpness,
            threads=threads,
            on_progress=progress,
        )
    return {
        universe: {name: {str(k): round(rate, 4) for k, rate in rates.items()} for name, rates in own.items()}
        for universe, own in report.items()
    }


def _counts(queries: pl.DataFrame) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    rows = queries.group_by("set", "part").len().sort("set", "part").iter_rows()
    for own, part, pairs in rows:
        counts.setdefault(own, {})[part] = pairs
    return counts


@task(
    name="retrieve",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def retrieve(workspace: Workspace) -> Summary:
    """Exact neighbours from each protocol's own train, checked by gate 7, and their audit."""
    return reproduce("retrieve", compute, workspace)
