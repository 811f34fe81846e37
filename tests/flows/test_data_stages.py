"""The stages evidence, split, gates and retrieve on a small random corpus, sound and leaky."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mard.config import load_params
from mard.errors import GateFailure, MissingArtifact
from mard.io import read_json, sha256_file, write_json
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.pools import PoolStore
from tasks import contracts, evidence, gates, retrieve, split
from tasks.stage import REPOSITORY, Workspace, run_stage
from tests.corpora import corpus, drug_id, drug_rows

DRUGS = 90
SMALL = [
    "split.subset_train=80",
    "split.subset_val=16",
    "split.subset_test=16",
    "split.eval_sizes=[200, 20]",
    "infer.manifest_size=20",
    "retrieve.audit_queries=20",
]
PROTEINS = {"drug_id": pl.String, "role": pl.String, "uniprot": pl.String, "gene": pl.String}


def ingested(folder: Path) -> Workspace:
    """A workspace after ingest and label, with made-up drugs that share targets and codes."""
    params = load_params(REPOSITORY / "params.yaml", None, SMALL)
    workspace = Workspace(params, artifacts=folder, tracking_uri=f"sqlite:///{folder}/mlflow.db")
    numbers = range(1, DRUGS + 1)
    codes = {number: [f"{'ABCDG'[number % 5]}01AA{number % 7:02d}"] for number in numbers}
    moa = {1: "Blocks a channel. Adds to Drugname00004."}
    labels = corpus(DRUGS, share=0.7)
    proteins = pl.DataFrame(
        [(drug_id(n), "target", f"P{n % 9:05d}", "G", "Humans", ["inhibitor"]) for n in numbers],
        schema={**PROTEINS, "organism": pl.String, "actions": pl.List(pl.String)},
        orient="row",
    )
    pathways = pl.DataFrame(schema={"drug_id": pl.String, "pathway_id": pl.String, "source": pl.String})
    listed = labels.select(
        "pair_id", "drug_a", "drug_b", listed_by="drug_a", description=pl.lit("They interact somehow.")
    )
    contracts.write(folder / "ingest", "ingest/drugs", drug_rows(numbers, atc=codes, moa=moa))
    contracts.write(folder / "ingest", "ingest/proteins", proteins)
    contracts.write(folder / "ingest", "ingest/pathways", pathways)
    contracts.write(folder / "ingest", "ingest/interactions", listed)
    contracts.write(folder / "label", "label/labels", labels.with_columns(subtype=pl.lit("metabolism")))
    write_json(folder / "ingest" / "manifest.json", {"release": {"version": "test"}})
    write_json(folder / "label" / "manifest.json", {"shares": {"unmatched": 0.0}})
    return workspace


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = ingested(tmp_path_factory.mktemp("sound"))
    for name, stage in (("evidence", evidence), ("split", split), ("gates", gates), ("retrieve", retrieve)):
        run_stage(name, stage.compute, workspace)
    return workspace


@pytest.fixture
def copied(sound: Workspace, tmp_path: Path) -> Workspace:
    """A copy to spoil, without the gates' own folder."""
    shutil.copytree(sound.artifacts, tmp_path / "artifacts")
    shutil.rmtree(tmp_path / "artifacts" / "gates")
    return Workspace(sound.params, artifacts=tmp_path / "artifacts", tracking_uri=sound.tracking_uri)


def rewrite(workspace: Workspace, table: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change a split table and pin what it is now, as someone would who believes in it."""
    folder = workspace.stage("split")
    contracts.write(folder, table, change(contracts.read(folder, table)))
    manifest = read_json(folder / "manifest.json")
    name = f"{table.removeprefix('split/')}.parquet"
    manifest["sha256"][name] = sha256_file(folder / name)
    write_json(folder / "manifest.json", manifest)


def test_sound_gates_report_nothing_but_zeros(sound):
    report = read_json(sound.stage("gates") / "report.json")
    assert len({row["gate"] for row in report}) == 9
    assert [row for row in report if row["violations"] or not row["checked"]] == []
    assert not (sound.artifacts / "gates.failed").exists()
    assert (sound.stage("gates") / "data_docs" / "index.html").exists()


def test_a_table_that_is_not_the_pinned_one_stops_the_flow(copied):
    warm = contracts.read(copied.stage("split"), "split/warm")
    warm.write_parquet(copied.stage("split") / "warm.parquet", compression="snappy")
    with pytest.raises(GateFailure, match=r"manifest_integrity fails on hashes: 1 violation.*warm\.parquet"):
        run_stage("gates", gates.compute, copied)


def test_a_leaky_split_stops_the_flow_and_leaves_its_findings(copied):
    def leak(frame: pl.DataFrame) -> pl.DataFrame:
        first = frame.filter(pl.col("part") == "test")["pair_id"][0]
        part = pl.when(pl.col("pair_id") == first).then(pl.lit("train")).otherwise("part")
        return frame.with_columns(part=part)

    rewrite(copied, "split/drug_cold", leak)
    with pytest.raises(GateFailure, match=r"drug_cold_disjoint fails on drug_cold: .* holds a held-out drug"):
        run_stage("gates", gates.compute, copied)
    assert not copied.stage("gates").exists()
    failed = copied.artifacts / "gates.failed"
    assert any(row["violations"] for row in read_json(failed / "report.json"))
    assert "FAIL" in (failed / "data_docs" / "index.html").read_text()


def test_evidence_that_names_the_partner_stops_the_flow(copied):
    table = contracts.read(copied.stage("evidence"), "evidence/drugs")
    unaware = pl.col("moa").list.eval(pl.lit([], dtype=pl.List(pl.String)))
    contracts.write(copied.stage("evidence"), "evidence/drugs", table.with_columns(moa_names=unaware))
    pairs = contracts.read(copied.stage("label"), "label/labels")["pair_id"]
    assert "DB00001|DB00004" in pairs.to_list()
    with pytest.raises(GateFailure, match=r"evidence_text fails on pools: 1 violation.*Drugname00004"):
        run_stage("gates", gates.compute, copied)


def test_gates_need_the_split_first(tmp_path):
    workspace = ingested(tmp_path)
    with pytest.raises(MissingArtifact, match="run the stage 'split' first"):
        run_stage("gates", gates.compute, workspace)


def test_equal_inputs_give_equal_files(sound, copied):
    for name, stage in (("evidence", evidence), ("split", split), ("gates", gates), ("retrieve", retrieve)):
        run_stage(name, stage.compute, copied)
        for path in sorted(sound.stage(name).rglob("*")):
            if path.is_file():
                again = copied.stage(name) / path.relative_to(sound.stage(name))
                assert again.read_bytes() == path.read_bytes(), path


def test_every_set_has_its_pools(sound):
    store = PoolStore.open(sound.stage("evidence"), sound.stage("retrieve"))
    assert {part: len(store.pair_ids("teacher", part)) for part in ("train", "val", "test")} == {
        "train": 80,
        "val": 16,
        "test": 16,
    }
    for name in ("teacher", "warm", "drug_cold", "pair_cold"):
        pair_ids = store.pair_ids(name)
        assert pair_ids
        pool = store.pool(name, pair_ids[0])
        assert str(pool.pair_id) == pair_ids[0]
        assert 0 < len(pool.neighbours) <= sound.params.retrieve.k
    assert {store.regime("teacher", pair) for pair in store.pair_ids("teacher")} == {
        "warm",
        "drug_cold",
        "pair_cold",
    }


def test_the_saved_index_answers_as_the_table_says(sound):
    index = NeighbourIndex.load(sound.stage("retrieve") / "index")
    store = PoolStore.open(sound.stage("evidence"), sound.stage("retrieve"))
    pair = store.pair_ids("pair_cold", "test")[0]
    pool = store.pool("pair_cold", pair)
    shown = sound.params.retrieve
    again = index.query("pair_cold", pool.a.drug_id, pool.b.drug_id, shown.k, sharpness=shown.sharpness)
    assert tuple(again) == pool.neighbours
    assert index.pair_evidence(pool.a.drug_id, pool.b.drug_id) == pool.pair


def test_without_neighbours_every_pool_keeps_the_rest_of_its_evidence(sound, tmp_path):
    params = load_params(REPOSITORY / "params.yaml", None, [*SMALL, "retrieve.k=0"])
    bare = Workspace(params, artifacts=sound.artifacts, tracking_uri=sound.tracking_uri)
    assert retrieve.compute(bare, tmp_path)["neighbours"] == 0
    stores = [
        PoolStore.open(sound.stage("evidence"), folder) for folder in (sound.stage("retrieve"), tmp_path)
    ]
    for name in ("teacher", "warm", "drug_cold", "pair_cold"):
        assert stores[0].pair_ids(name) == stores[1].pair_ids(name) != []
        for pair in stores[0].pair_ids(name):
            assert stores[1].pool(name, pair) == replace(stores[0].pool(name, pair), neighbours=())


def test_labels_that_the_student_is_validated_on_are_in_no_prompt_of_the_teacher_set(sound):
    rows = contracts.read(sound.stage("retrieve"), "retrieve/neighbours").filter(pl.col("set") == "teacher")
    shown = {"|".join(sorted(pair)) for pair in rows.select("first", "second").iter_rows()}
    subset = contracts.read(sound.stage("split"), "split/teacher_subset")
    assert not shown & set(subset.filter(pl.col("part") != "train")["pair_id"])


def test_one_warm_universe_for_all_protocols_is_a_leak_that_gate_7_finds(sound):
    folder = sound.stage("split")
    partition = contracts.read(folder, "split/drug_partition")
    splits = {name: contracts.read(folder, f"split/{name}") for name in ("warm", "drug_cold", "pair_cold")}
    universes = retrieve.universes_of(splits, contracts.read(folder, "split/teacher_subset"))
    queries = contracts.read(sound.stage("retrieve"), "retrieve/queries")
    neighbours = contracts.read(sound.stage("retrieve"), "retrieve/neighbours")
    index = NeighbourIndex.load(sound.stage("retrieve") / "index")
    asked = queries.filter(pl.col("set") == "pair_cold").select("pair_id", "drug_a", "drug_b")
    leaky = pl.DataFrame(
        [
            ("pair_cold", pair, found.first, found.second)
            for pair, a, b in asked.iter_rows()
            for found in index.query("warm", a, b, 5)
        ],
        schema=["set", "pair_id", "first", "second"],
        orient="row",
    )
    own = neighbours.select("set", "pair_id", "first", "second")
    mixed = pl.concat([own.filter(pl.col("set") != "pair_cold"), leaky])
    assert all(result.passed for result in retrieve.check(own, queries, universes, partition))
    (failed,) = [r for r in retrieve.check(mixed, queries, universes, partition) if not r.passed]
    assert (failed.gate, failed.protocol) == ("neighbour_universe", "pair_cold")
    assert any("held-out drug" in example for example in failed.examples)
