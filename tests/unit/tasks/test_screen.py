"""Planning, resuming and closing a screening; ``mard.retrieve.screen`` has tests of its own."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mard.config import load_params
from mard.errors import InputError, MissingArtifact
from mard.io import read_json, sha256_file, write_json
from mard.retrieve.neighbours import NeighbourIndex
from tasks import contracts
from tasks.screen import Job, collect, compute, pending, prepare
from tasks.stage import PARAMS, Workspace
from tests.corpora import drug_id, drug_rows, labels
from tests.unit.retrieve.drugs import EVEN, random_features

DRUGS = 12
ASKED: dict[str, Any] = {
    "universe": "warm",
    "k": None,
    "drugs": None,
    "known": "include",
    "min_similarity": 0.0,
    "shard_drugs": 5,
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """As if the stages up to retrieve had run."""
    folder = tmp_path / "artifacts"
    draw = random.Random(1)
    pairs = labels(pair for pair in combinations(range(1, DRUGS + 1), 2) if draw.random() < 0.4)
    contracts.write(folder / "ingest", "ingest/drugs", drug_rows(range(1, DRUGS + 1)))
    contracts.write(folder / "label", "label/labels", pairs)
    index = NeighbourIndex.build(random_features(DRUGS, seed=2)[0], EVEN, {"warm": pairs})
    index.save(folder / "retrieve" / "index")
    write_json(folder / "retrieve" / "manifest.json", {"k": 3})
    return Workspace(load_params(PARAMS), tracking_uri="sqlite:///none.db", artifacts=folder)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "screen"


def screened(workspace: Workspace, out: Path, **changes: Any) -> Job:
    job = prepare(workspace, out, **{**ASKED, **changes})
    for shard in pending(job):
        compute(job, shard)
    collect(job)
    return job


def test_the_manifest_counts_the_pairs_and_pins_every_file(workspace, out):
    screened(workspace, out, known="exclude")
    manifest = read_json(out / "manifest.json")
    listed = pq.read_table(workspace.stage("label") / "labels.parquet").num_rows
    # 12 drugs: 66 pairs, in blocks of 5, 5 and 2: 6 shards
    assert manifest["counts"] == {"pairs": 66, "known": listed, "dissimilar": 0, "kept": 66 - listed}
    assert manifest["screening"] == {**ASKED, "k": 3, "drugs": 12, "known": "exclude"}
    assert len(manifest["files"]) == 6
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == sha256_file(out / name)
        assert entry["kept"] == pq.read_metadata(out / name).num_rows
    assert "not predictions of the trained student" in manifest["notice"]


def test_only_missing_shards_are_computed_again(workspace, out):
    job = screened(workspace, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "pairs-0001-0002.parquet").unlink()
    (out / ".pairs-0001-0002.parquet.feed.partial").write_text("half")
    again = prepare(workspace, out, **ASKED)
    assert again == job
    assert [shard.file_name for shard in pending(again)] == ["pairs-0001-0002.parquet"]
    screened(workspace, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_with_shards_of_another_question_is_refused(workspace, out):
    screened(workspace, out)
    with pytest.raises(InputError, match=r"another screening \(not the same: k, min_similarity\)"):
        prepare(workspace, out, **{**ASKED, "k": 2, "min_similarity": 0.5})
    labels_file = workspace.stage("label") / "labels.parquet"
    labels_file.write_bytes(labels_file.read_bytes() + b"x")
    with pytest.raises(InputError, match=r"not the same: label/labels\.parquet"):
        prepare(workspace, out, **ASKED)


def test_a_plan_without_shards_can_be_changed(workspace, out):
    prepare(workspace, out, **ASKED)
    assert prepare(workspace, out, **{**ASKED, "k": 2}) != prepare(workspace, out, **ASKED)


def test_drugs_are_chosen_by_id_or_name(workspace, out, tmp_path):
    names = contracts.read(workspace.stage("ingest"), "ingest/drugs")["name"]
    chosen = tmp_path / "drugs.txt"
    chosen.write_text(f"# mine\n{drug_id(7)}\n\n{names[1]}\n{names[1]}\n")
    screened(workspace, out, drugs=chosen)
    assert read_json(out / "plan.json")["screening"]["drugs"] == [drug_id(2), drug_id(7)]
    chosen.write_text(f"{drug_id(7)}\nnonesuch\n")
    with pytest.raises(InputError, match=r"drugs\.txt, line 2: no drug with the id or name 'nonesuch'"):
        prepare(workspace, out, **{**ASKED, "drugs": chosen})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"universe": "cold"}, "no universe 'cold' in the index; it has warm"),
        ({"drugs": Path("absent.txt")}, "absent.txt: no such file"),
        ({"known": "maybe"}, "the choice is include or exclude"),
    ],
)
def test_a_question_that_cannot_be_asked_leaves_nothing(workspace, out, changes, message):
    with pytest.raises(InputError, match=message):
        prepare(workspace, out, **{**ASKED, **changes})
    assert not out.exists()


def test_without_an_index_the_stage_to_run_is_named(workspace, out):
    (workspace.stage("retrieve") / "manifest.json").unlink()
    with pytest.raises(MissingArtifact, match="run the stage 'retrieve' first"):
        prepare(workspace, out, **ASKED)


def test_a_worker_that_sees_another_plan_says_so(workspace, out):
    job = prepare(workspace, out, **ASKED)
    (out / "plan.json").write_text("{}")
    with pytest.raises(InputError, match="every machine of a cluster must share that folder"):
        pending(job)


def test_a_file_that_is_no_shard_is_refused(workspace, out):
    job = screened(workspace, out)
    shards = out / "pairs-0000-0000.parquet"
    pq.write_table(pq.read_table(shards).replace_schema_metadata({}), shards)
    with pytest.raises(InputError, match="is no shard of a screening"):
        collect(job)
