"""``mard release diff`` on the sample release and edited editions of it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from flows import release_diff
from flows.cli import app
from mard.drift.compare import Drift
from mard.ingest.sample.release import write_release
from mard.io import read_json
from tasks import split
from tasks.stage import run_stage, workspace_for
from tests.editions import Edition, slice_release, unlisted

REMOVED, ADDED, RENAMED = "DB00175", "DB99901", "DB00316"  # pravastatin, a new drug, acetaminophen
RETIRED, INTO = "DB01095", "DB01076"  # fluvastatin, atorvastatin
TOUCHED = (REMOVED, RENAMED, RETIRED, INTO)
TRANSPORTED = "DB01098"  # rosuvastatin
METABOLISM = re.compile(r"The metabolism of (.+) can be decreased when combined with (.+)\.")
NEW_RISK = "The risk or severity of hiccups can be increased when {} is combined with {}."
NEW_TEMPLATE = "{} may increase the antipsychotic activities of {}."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stages of all releases of this module are kept."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def sample(home: Path) -> Path:
    return write_release(home / "sample")


def plain_metabolism(edition: Edition, count: int) -> list[tuple[str, str]]:
    """Pairs whose one description says that the first drug's metabolism is decreased by the second."""
    names = {edition.name(drug_id): drug_id for drug_id in edition.drugs if drug_id not in TOUCHED}
    found = []
    for one, other in sorted(edition.pairs):
        told = edition.told(one, other)
        match = METABOLISM.fullmatch(min(told))
        if len(told) == 1 and match and set(match.groups()) <= names.keys():
            found.append((names[match[1]], names[match[2]]))
    return found[:count]


class Altered:
    """The sample as it was edited, and what the edits make of its pairs."""

    def __init__(self, sample: Path, target: Path) -> None:
        edition = Edition(sample)
        self.before = edition.pairs
        up, flipped, other, unread = plain_metabolism(edition, 4)
        edition.tell(*up, self._metabolism(edition, up).replace("decreased", "increased"))
        edition.tell(*flipped, self._metabolism(edition, flipped[::-1]))
        edition.tell(*other, NEW_TEMPLATE.format(*map(edition.name, other)))
        edition.tell(*unread, "They are better not combined.")
        self.unread = tuple(sorted(unread))
        self.merged = {pair for pair in edition.pairs if RETIRED in pair}
        edition.remove(REMOVED)
        edition.retire(RETIRED, INTO)
        edition.rename(RENAMED, "Paracetamolum")
        edition.add(ADDED, "Hiccupine")
        partners = [drug_id for drug_id in sorted(edition.drugs) if drug_id not in (ADDED, *TOUCHED)]
        for partner in partners[:55]:
            edition.tell(ADDED, partner, NEW_RISK.format(edition.name(partner), "Hiccupine"))
        for pair in unlisted(edition, 3, avoid=(ADDED, *TOUCHED)):
            edition.tell(*pair, self._metabolism(edition, pair))
        edition.drop(TRANSPORTED, "transporters")
        self.relabelled = {tuple(sorted(pair)) for pair in (up, flipped, other)}
        self.after = edition.pairs
        self.path = edition.write(target)

    @staticmethod
    def _metabolism(edition: Edition, pair: tuple[str, str]) -> str:
        first, second = map(edition.name, pair)
        return f"The metabolism of {first} can be decreased when combined with {second}."


@pytest.fixture(scope="module")
def altered(home: Path, sample: Path) -> Altered:
    return Altered(sample, home / "altered.xml")


@pytest.fixture(scope="module")
def drift(home: Path, sample: Path, altered: Altered) -> Drift:
    return release_diff.release_diff(sample, altered.path, home)


def test_the_drugs_are_those_that_were_edited(drift: Drift) -> None:
    assert drift.drugs.counts == {
        "added": 1,
        "removed": 1,
        "retired": 1,
        "reinstated": 0,
        "renamed": 1,
        "restructured": 0,
    }
    by_change = dict(drift.drugs.changes.select("change", "drug_id").iter_rows())
    assert by_change == {"added": ADDED, "removed": REMOVED, "retired": RETIRED, "renamed": RENAMED}
    assert drift.drugs.merged("retired").rows() == [(RETIRED, INTO)]


def test_the_pairs_are_those_of_plain_sets(drift: Drift, altered: Altered) -> None:
    gone, come = altered.before - altered.after, altered.after - altered.before
    pairs = drift.pairs
    assert set(pairs.removed.select("drug_a", "drug_b").rows()) == gone | {altered.unread}
    assert set(pairs.added.select("drug_a", "drug_b").rows()) == come
    reasons = pairs.reasons(pairs.removed)
    assert (reasons["unlabelled"], reasons["merged_drug"]) == (1, len(altered.merged))
    assert reasons["drug"] == len(gone) - len(altered.merged)
    assert pairs.reasons(pairs.added)["drug"] == 55
    lives_on = {
        tuple(sorted((INTO if drug == RETIRED else drug) for drug in pair)) for pair in altered.merged
    }
    assert pairs.removed["counterpart"].count() == len(lives_on & altered.after)


def test_the_relabelled_pairs_are_the_three_that_were_edited(drift: Drift, altered: Altered) -> None:
    assert set(drift.pairs.relabelled.select("drug_a", "drug_b").rows()) == altered.relabelled
    assert drift.pairs.axes["only_polarity"] == 1
    assert drift.pairs.axes["only_direction_flip"] == 1
    assert drift.pairs.axes["family"] == 1
    assert drift.pairs.matrix.filter(old_family="PK_Metabolism", new_family="PD_Activity")["pairs"].sum() == 1


def test_what_no_rule_reads_is_counted(drift: Drift) -> None:
    old, new = (drift.releases[side]["counts"]["unmatched"] for side in ("old", "new"))
    assert new - old == 2  # one pair, listed by both drugs


def test_the_templates_and_the_risk_that_passes_fifty_pairs(drift: Drift) -> None:
    new = drift.templates.table.filter(change="new")
    assert sorted(new.select("raw_subtype", "new_rows").rows()) == [("antipsychotic", 2), ("hiccups", 110)]
    assert drift.subtypes.counts["enters_unlisted"] == 1
    assert drift.subtypes.crossing.filter(raw_subtype="hiccups")["new_pairs"].to_list() == [55]


def test_the_evidence_that_was_taken_away_is_missed(drift: Drift) -> None:
    found = {row.channel: row for row in drift.coverage.over("all")}
    assert (found["transporters"].lost, found["transporters"].gained) == (1, 0)
    changed = {row.channel for row in drift.coverage.channels if row.lost or row.gained}
    assert changed <= {"transporters", "pk_flags"}


def test_the_mirror_has_the_same_counts_the_other_way(
    home: Path, sample: Path, altered: Altered, drift: Drift
) -> None:
    back = release_diff.release_diff(altered.path, sample, home)
    assert back.drugs.counts["reinstated"] == drift.drugs.counts["retired"]
    assert back.pairs.added.equals(drift.pairs.removed)
    transposed = {(new, old): pairs for old, new, pairs, _ in back.pairs.matrix.iter_rows()}
    assert transposed == {(old, new): pairs for old, new, pairs, _ in drift.pairs.matrix.iter_rows()}
    assert back.subtypes.counts["leaves"] == drift.subtypes.counts["enters"]


def test_disjoint_slices_of_drugs_have_nothing_in_common(home: Path, sample: Path) -> None:
    even, odd = (
        slice_release(
            sample, home / f"drugs{half}.xml", keep_drug=lambda drug, half=half: int(drug[2:]) % 2 == half
        )
        for half in (0, 1)
    )
    found = release_diff.release_diff(even, odd, home)
    assert found.drugs.counts["added"] == found.drugs.new > 100
    assert found.drugs.counts["removed"] == found.drugs.old > 100
    assert (found.pairs.common, found.pairs.relabelled.height) == (0, 0)
    assert found.pairs.reasons(found.pairs.removed)["drug"] == found.pairs.old > 1000


def test_disjoint_slices_of_pairs_share_drugs_and_evidence(home: Path, sample: Path) -> None:
    even, odd = (
        slice_release(
            sample,
            home / f"pairs{half}.xml",
            keep_pair=lambda pair, half=half: (int(pair[0][2:]) + int(pair[1][2:])) % 2 == half,
        )
        for half in (0, 1)
    )
    found = release_diff.release_diff(even, odd, home)
    assert not any(found.drugs.counts.values())
    assert found.pairs.common == 0
    assert found.pairs.old + found.pairs.new == len(Edition(sample).pairs)
    assert found.pairs.reasons(found.pairs.added)["listing"] == found.pairs.new
    assert not any(row.changed for row in found.coverage.channels)


# --- the command --------------------------------------------------------------------------------


def invoke(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["release", "diff", *map(str, arguments)])


def test_the_command_writes_the_same_bytes_every_time(home: Path, sample: Path, altered: Altered) -> None:
    for name in ("one", "two"):
        result = invoke(sample, altered.path, "--artifacts", home, "--out", home / name)
        assert result.exit_code == 0, result.output
        assert "1 retired" in result.stdout
    files = sorted(path.name for path in (home / "one").iterdir())
    assert {"diff.json", "diff.html", "drugs.csv", "pairs_relabelled.parquet"} <= set(files)
    for name in files:
        assert (home / "one" / name).read_bytes() == (home / "two" / name).read_bytes(), name
    assert pl.read_csv(home / "one" / "pairs_relabelled.csv").height == 3


def test_the_command_prints_json(home: Path, sample: Path, altered: Altered) -> None:
    result = invoke(sample, altered.path, "--artifacts", home, "--out", home / "one", "--json")
    assert json.loads(result.stdout) == read_json(home / "one" / "diff.json")


def test_the_same_release_twice_has_no_differences(home: Path, sample: Path) -> None:
    result = invoke(sample, sample, "--artifacts", home, "--out", home / "same")
    assert "no differences" in result.stdout
    assert read_json(home / "same" / "diff.json")["differences"] is False
    assert "No differences" in (home / "same" / "diff.html").read_text()


def test_stages_are_kept_by_the_release_s_content(
    home: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drift: Drift
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a stage ran again")

    monkeypatch.setattr(release_diff, "run_stage", refuse)
    copy = shutil.copy(sample, tmp_path / "another_name.xml")
    assert release_diff.release_diff(sample, Path(copy), home).empty


def test_a_finished_run_is_compared_as_it_lies_and_its_fixed_pairs_are_looked_up(
    home: Path, sample: Path, altered: Altered, tmp_path: Path
) -> None:
    release_diff.release_diff(sample, sample, home)
    (kept,) = {
        path.parent.parent
        for path in (home / ".work" / "releases").glob("*/ingest/manifest.json")
        if read_json(path)["release"]["sha256"] == release_diff.sha256_file(sample)
    }
    run = tmp_path / "run"
    shutil.copytree(kept, run)
    small = [
        "split.subset_train=300",
        "split.subset_val=40",
        "split.subset_test=40",
        "split.eval_sizes=[100]",
    ]
    run_stage("split", split.compute, workspace_for(run, overrides=[*small, "infer.manifest_size=100"]))
    found = release_diff.release_diff(run, altered.path, home)
    gone = set(found.pairs.removed["pair_id"])
    subset = set(pl.read_parquet(run / "split" / "teacher_subset.parquet")["pair_id"])
    rows = [row for row in found.manifests if row.name == "teacher_subset"]
    assert sum(row.pairs for row in rows) == len(subset)
    assert sum(row.vanished for row in rows) == len(subset & gone)
    assert {row.name for row in found.manifests} == {"teacher_subset", "warm", "drug_cold", "pair_cold"}


def test_what_is_no_release_is_refused_with_one_line_before_anything_runs(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.cli import main

    (tmp_path / "half" / "ingest").mkdir(parents=True)
    said = {
        tmp_path / "nowhere.xml": "no such file or folder",
        tmp_path: "give a release file, or a folder that holds ingest/, label/ and evidence/",
        tmp_path / "half": "run the stage 'ingest' first",
    }
    for path, problem in said.items():
        monkeypatch.setattr(
            "sys.argv",
            ["mard", "release", "diff", str(path), str(sample), "--artifacts", str(tmp_path / "w")],
        )
        with pytest.raises(SystemExit) as stopped:
            main()
        error = capsys.readouterr().err.strip().splitlines()[-1]
        assert stopped.value.code == 2
        assert error.startswith("error: ")
        assert problem in error
