"""The whole chain on the sample release, as a user runs it."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from mard.io import read_json
from tasks.versioning import stage_names
from tests.conftest import mard
from tests.e2e.retrainings import metric_names

pytestmark = pytest.mark.e2e


def test_every_stage_leaves_its_folder_and_no_work_in_progress(finished: Path) -> None:
    stages = {path.name for path in finished.iterdir() if not path.name.startswith(".")}
    assert set(stage_names()) <= stages
    assert list((finished / ".work").glob("*")) == []
    assert list(finished.rglob("*.partial")) == []


def test_every_manifest_descends_from_the_release(finished: Path, sample: Path) -> None:
    release = read_json(finished / "ingest" / "manifest.json")["release"]
    assert release["file"] == sample.name
    assert re.fullmatch("[0-9a-f]{64}", release["sha256"])


def test_all_eleven_gates_were_checked_and_pass(finished: Path) -> None:
    rows = [
        row
        for path in [finished / "gates" / "report.json", *finished.glob("*/gates.json")]
        for row in read_json(path)
    ]
    assert {row["gate"] for row in rows} == {
        "pair_disjoint",
        "mirror_disjoint",
        "drug_cold_disjoint",
        "pair_cold_disjoint",
        "alias_disjoint",
        "label_unique",
        "neighbour_universe",
        "teacher_subset_inside",
        "training_rows",
        "evidence_text",
        "manifest_integrity",
    }
    assert [row for row in rows if row["violations"]] == []
    assert all(row["checked"] > 0 for row in rows)


def test_every_answer_parses_and_cites_only_its_pool(finished: Path) -> None:
    metrics = read_json(finished / "evaluate" / "metrics.json")
    for protocol in ("warm", "drug_cold", "pair_cold"):
        student = metrics["protocols"][protocol]["student"]
        assert student["parse_rate"] == 1.0
        assert student["hr"] == 0.0
        assert set(metrics["protocols"][protocol]["baselines"])


def test_an_ablation_is_one_command_that_repeats_only_what_it_changes(
    finished: Path, tmp_path: Path, prefect_home: Path
) -> None:
    """Unconstrained too: a student this small then writes no trace, which is measured like the rest."""
    options = ("--base", str(finished), "--out", str(tmp_path), "--set", "infer.constrained=false")
    said = mard("ablate", "unweighted_dpo", *options, PREFECT_HOME=str(prefect_home)).stdout
    own = tmp_path / "unweighted_dpo"
    assert read_json(own / "dpo" / "metrics.json")["weighted"] is False
    assert read_json(finished / "dpo" / "metrics.json")["weighted"] is True
    assert (own / "sft" / "metrics.json").samefile(finished / "sft" / "metrics.json")
    assert not (own / "register").exists()
    assert metric_names(own, "dpo") == metric_names(finished, "dpo"), "or they cannot be compared"
    first, second = (read_json(home / "evaluate" / "metrics.json")["parameters"] for home in (finished, own))
    changed = {"dpo": {"weighted": False}, "infer": {"constrained": False}}
    assert second == {key: value | changed.get(key, {}) for key, value in first.items()}
    assert "unweighted_dpo" in said
    assert (tmp_path / "compare.html").exists()


def test_the_report_is_one_page_that_loads_nothing(finished: Path) -> None:
    page = (finished / "evaluate" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)
    assert "not a medical device" in page


def test_predict_answers_by_id_and_by_name_alike(finished: Path) -> None:
    by_id = mard("predict", "DB00582", "DB06626", "--json", "--artifacts", str(finished))
    by_name = mard("predict", "voriconazole", "Axitinib", "--json", "--artifacts", str(finished))
    answer = json.loads(by_id.stdout)
    assert set(answer) == {
        *("pair", "family", "subtype", "direction", "polarity", "confidence", "abstain"),
        *("steps", "summary", "evidence", "model_version"),
    }
    assert 3 <= len(answer["steps"]) <= 8
    assert json.loads(by_name.stdout) == answer
    cited = {citation for step in answer["steps"] for citation in step["citations"]}
    assert cited <= set(answer["evidence"])


def test_the_flipped_question_gets_the_mirrored_answer(finished: Path) -> None:
    ab = json.loads(mard("predict", "DB00582", "DB06626", "--json", "--artifacts", str(finished)).stdout)
    ba = json.loads(mard("predict", "DB06626", "DB00582", "--json", "--artifacts", str(finished)).stdout)
    flip = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}
    assert ba["family"] == ab["family"]
    assert ba["direction"] == flip.get(ab["direction"], ab["direction"])


def test_predict_is_readable_and_says_what_it_is_not(finished: Path) -> None:
    shown = mard("predict", "DB00582", "DB06626", "--artifacts", str(finished)).stdout
    assert "Voriconazole" in shown
    assert "not a medical device" in shown


@pytest.mark.parametrize(
    ("drugs", "message"),
    [
        (("DB00582", "DB99999"), "no drug with the id or name 'DB99999'"),
        (("DB00582", "voriconazole"), "DB00582 is paired with itself"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_line(
    finished: Path, drugs: tuple[str, str], message: str
) -> None:
    done = mard("predict", *drugs, "--artifacts", str(finished), check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_explain_lists_the_pool_and_status_the_stages(finished: Path) -> None:
    pool = json.loads(mard("explain", "DB00582", "DB06626", "--json", "--artifacts", str(finished)).stdout)
    assert "A:cyp3a4_inh" in pool
    table = mard("status", "--results", "--artifacts", str(finished)).stdout
    assert "| **student, whole stack** |" in table
    found = json.loads(mard("status", "--json", "--artifacts", str(finished)).stdout)
    assert set(found["stages"].values()) == {"current"}
    assert found["models"] == [{"name": "mard", "version": 1, "aliases": ["champion"]}]


def test_a_broken_release_is_one_line_and_leaves_nothing(tmp_path: Path, sample: Path) -> None:
    broken = tmp_path / "release.xml.gz"
    broken.write_bytes(gzip.compress(sample.read_bytes())[:50_000])
    artifacts = tmp_path / "artifacts"
    done = mard(
        *("run", "--release", str(broken), "--artifacts", str(artifacts)),
        check=False,
        PREFECT_HOME=str(tmp_path / "prefect"),
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("error:") and broken.name in line]
    assert not (artifacts / "ingest").exists()
    assert list(artifacts.glob("**/*.partial")) == []
