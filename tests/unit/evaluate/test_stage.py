"""The stage on a made-up corpus: every artifact, the report, and the same bytes twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from mard.errors import InputError, MissingArtifact
from mard.io import read_json, read_jsonl, sha256_file
from mard.schema import Protocol
from tasks import evaluate
from tasks import report as reporting
from tasks.stage import Workspace, run_stage, workspace_for
from tests.unit.evaluate.artifacts import LAYERS, RELEASE, write_artifacts
from tests.unit.evaluate.world import World, make_world

SMALL = (
    "split.subset_train=60",
    "split.subset_val=10",
    "split.subset_test=10",
    "split.eval_sizes=[500, 30]",
    "infer.manifest_size=30",
    "retrieve.audit_queries=10",
    "evaluate.bootstrap_resamples=50",
    "baselines.models=[majority, neighbour_vote]",
)
HOSTILE = '<img src=x onerror="alert(1)">'


def _world() -> World:
    world = make_world(drugs=50, pairs=700)
    names = world.drugs["name"].to_list()
    return World(
        world.drugs.with_columns(name=pl.Series([f"{HOSTILE} {name}" for name in names])),
        world.fingerprints,
        world.labels,
    )


@pytest.fixture(scope="module", autouse=True)
def one_commit() -> Iterator[None]:
    """A commit elsewhere in the repository must not come between two runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reporting, "git_commit", lambda: "0123abc")
        yield


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = workspace_for(tmp_path_factory.mktemp("evaluate"), overrides=SMALL)
    write_artifacts(_world(), made)
    run_stage("evaluate", evaluate.compute, made)
    return made


class _Page(HTMLParser):
    """Collects ids, links and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "a":
            self.links.append(str(values["href"]))


@pytest.fixture(scope="module")
def report(workspace: Workspace) -> str:
    return workspace.need("evaluate", "report.html").read_text(encoding="utf-8")


def test_metrics_hold_every_protocol_system_and_gate(workspace: Workspace) -> None:
    metrics = read_json(workspace.need("evaluate", "metrics.json"))
    assert metrics["release"] == RELEASE
    assert set(metrics["protocols"]) == set(Protocol)
    for body in metrics["protocols"].values():
        assert set(body["layers"]) == set(LAYERS)
        assert set(body["baselines"]) == set(body["comparisons"])
        assert body["student"]["parse_rate"] == 1.0
        assert body["student"]["hr"] == 0.0
        assert body["layers"]["greedy"]["mfs"] != "unscored"
    assert {"neighbour_universe", "training_rows", "pair_disjoint"} <= {
        row["gate"] for row in metrics["gates"]
    }


def test_tables_repeat_the_figures(workspace: Workspace) -> None:
    metrics = read_json(workspace.need("evaluate", "metrics.json"))
    folder = workspace.need("evaluate", "tables")
    systems = pl.read_csv(folder / "systems.csv", infer_schema=False)
    row = systems.row(
        by_predicate=(pl.col("protocol") == "warm") & (pl.col("system") == "student"), named=True
    )
    assert float(row["macro_f1"]) == metrics["protocols"]["warm"]["student"]["macro_f1"]
    assert row["mfs"] == "unscored"
    assert {path.stem for path in folder.iterdir()} == {
        *("systems", "comparisons", "layers", "families", "directions", "rarity", "reliability", "gates"),
        *("failures", "probes", "regimens", "costs", "phases", "flags"),
    }


def test_the_report_loads_nothing_and_names_the_run(report: str) -> None:
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", report)
    assert not _Page(report).tags & {"script", "link", "img", "iframe"}
    for text in (
        "made-up.xml",
        "5.1.99",
        "0123abc",
        "not a medical device",
        "Leakage gates",
        "neighbour vote",
    ):
        assert text in report


def test_every_link_in_the_report_leads_somewhere(report: str) -> None:
    page = _Page(report)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert report.count('class="id citation"') >= 6 * 4


def test_names_from_the_release_are_escaped(report: str) -> None:
    assert HOSTILE not in report
    assert "&lt;img src=x" in report


def test_the_same_inputs_give_the_same_bytes(workspace: Workspace) -> None:
    folder = workspace.need("evaluate")
    before = {path.relative_to(folder): sha256_file(path) for path in _files(folder)}
    run_stage("evaluate", evaluate.compute, workspace)
    assert {path.relative_to(folder): sha256_file(path) for path in _files(folder)} == before


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_artifacts_of_another_size_are_refused_in_one_line(workspace: Workspace) -> None:
    other = workspace_for(
        workspace.artifacts, overrides=[*SMALL, "split.eval_sizes=[7]", "infer.manifest_size=7"]
    )
    with pytest.raises(InputError, match="no warm test pairs of size 7"):
        evaluate.Inputs(other).gold(Protocol.WARM)


def test_a_missing_stage_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifact, match="run the stage '"):
        run_stage("evaluate", evaluate.compute, workspace_for(tmp_path, overrides=SMALL))


def test_a_proposal_is_no_candidate_that_the_student_drew(workspace: Workspace) -> None:
    drawn = evaluate.Inputs(workspace).drawn
    rows = [row for row in read_jsonl(workspace.stage("infer") / "candidates.jsonl") if row["part"] == "test"]
    assert sum(row["proposed"] for row in rows) > 0
    assert drawn.height == sum(not row["proposed"] for row in rows)
