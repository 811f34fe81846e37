from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.publish import publish
from mard.errors import InputError, MissingArtifact
from mard.evaluate.published import tables
from mard.io import write_json
from tests.unit.evaluate.runs import finished

FIGURES = {
    "macro_f1": 0.5,
    "accuracy": 0.6,
    "ths": 0.45,
    "hr": 0.0,
    "parse_rate": 1.0,
    "mfs": 0.9583,
    "mps": 0.9,
    "csa": 1.0,
    "intervals": {"macro_f1": {"cluster": [0.4, 0.6]}},
}
SECRET = "DB00582|DB06626"
DIFFERENCE = {"difference": 0.1, "cluster": [0.02, 0.18], "win": "student"}
PARAMETERS = {
    "split": {"warm_seed": 42, "cold_seed": 43},
    "sft": {"kl_weight": 1.0},
    "evaluate": {"bootstrap_resamples": 50, "seed": 1},
}


def metrics(**parameters: Any) -> dict[str, Any]:
    protocol = {
        "pairs": 12,
        "drugs": 24,
        "layers": {"greedy": FIGURES | {"worked": SECRET}, "stack": FIGURES},
        "baselines": {"majority": FIGURES, "neighbour vote": FIGURES},
        "comparisons": {"neighbour vote": {"macro_f1": DIFFERENCE}},
        "variants": {
            "raw": FIGURES | {"comparisons": {"neighbour vote": {"macro_f1": DIFFERENCE | {"win": "none"}}}}
        },
        "failures": {
            "classes": [{"failure": "F1 evidence", "pairs": 3, "share": 0.25, "abstained": 1}],
            "within_neighbours": 0.75,
            "within_candidates": 1.0,
            "examples": [SECRET],
        },
        "slices": {"rarity": {"spearman": -0.04}},
        "reliability": {"states": {"calibrated": {"ece": 0.043, "points": [SECRET]}}},
        "probes": [
            {"probe": "masked", "macro_f1_before": 0.5, "macro_f1": "unscored", "family_changed": 0.25},
        ],
        "regimens": {"triangles": 0},
    }
    return {
        "release": {"file": "r.xml", "version": "5.1"},
        "final_layer": "stack",
        "facts": {},
        "commit": "0123abc",
        "protocols": {"warm": protocol},
        "training": {"sft": {"untrained.mirror_error": 0.47, "held_out.mirror_error": 0.04}},
        "retrieval": {},
        "gates": [
            {"gate": "pair_disjoint", "protocol": "warm", "checked": 7, "violations": 0, "examples": [SECRET]}
        ],
        "parameters": PARAMETERS | parameters,
    }


def run(folder: Path, *, wrong: range = range(0), **parameters: Any) -> Path:
    """A run's folder as the stages baselines and evaluate leave it."""
    answers = finished(folder.name, wrong=wrong).answers
    write_json(folder / "evaluate" / "metrics.json", metrics(**parameters))
    answers.write_parquet(folder / "evaluate" / "answers.parquet")
    rows = answers.filter((pl.col("layer") == "stack") & (pl.col("ordering") == "ab"))
    families = {f"p_{name}": pl.lit(0.0) for name in rows["gold_family"].unique()}
    (folder / "baselines").mkdir()
    rows.with_columns(
        model=pl.lit("neighbour vote"), part=pl.lit("test"), margin=1.0, **families
    ).write_parquet(folder / "baselines" / "predictions.parquet")
    return folder


@pytest.fixture(autouse=True)
def _unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up tables have the columns that are read, and no others."""
    monkeypatch.setattr(
        "tasks.contracts.read", lambda folder, name: pl.read_parquet(folder / f"{name.split('/')[1]}.parquet")
    )


def published(out: Path, home: Path, **others: list[Path]) -> dict[str, Any]:
    publish(home, "mard run --preset small-cpu", out, **others)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_figures_and_how_to_get_them_are_written_and_no_pair_is(tmp_path: Path) -> None:
    found = published(tmp_path / "out.json", run(tmp_path / "run"))
    assert SECRET not in (tmp_path / "out.json").read_text()
    assert (found["command"], found["commit"]) == ("mard run --preset small-cpu", "0123abc")
    assert found["parameters"]["split.warm_seed"] == 42
    assert found["protocols"]["warm"]["layers"]["greedy"] == FIGURES
    assert (
        found["protocols"]["warm"]["variants_minus_baseline"]["raw"]["neighbour vote"]["macro_f1"]["win"]
        == "none"
    )
    assert found["gates"] == [{"gate": "pair_disjoint", "protocol": "warm", "checked": 7, "violations": 0}]


def test_a_run_that_was_not_evaluated_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifact, match=r"metrics\.json"):
        published(tmp_path / "out.json", tmp_path / "nothing")


def test_repeats_say_their_seeds_and_their_mean(tmp_path: Path) -> None:
    other = run(tmp_path / "other", wrong=range(6), split={"warm_seed": 1, "cold_seed": 2})
    found = published(tmp_path / "out.json", run(tmp_path / "run"), repeats=[other])
    assert found["repeats"]["seeds"] == [{"split.cold_seed": 2, "split.warm_seed": 1}]
    assert found["repeats"]["protocols"]["warm"]["systems"]["stack"]["accuracy"]["mean"] == 0.75


def test_a_repeat_with_another_recipe_or_the_very_same_one_is_refused(tmp_path: Path) -> None:
    home = run(tmp_path / "run")
    with pytest.raises(InputError, match=r"no repeat.*sft\.kl_weight"):
        published(tmp_path / "out.json", home, repeats=[run(tmp_path / "other", sft={"kl_weight": 0.0})])
    with pytest.raises(InputError, match="the same run"):
        published(tmp_path / "out.json", home, repeats=[run(tmp_path / "same")])
    assert not (tmp_path / "out.json").exists()


def test_an_ablation_says_what_it_changes_and_what_follows(tmp_path: Path) -> None:
    other = run(tmp_path / "lambda0", wrong=range(6), sft={"kl_weight": 0.0})
    found = published(tmp_path / "out.json", run(tmp_path / "run"), ablations=[other])
    assert found["ablations"]["changed"] == {"lambda0": {"sft.kl_weight": 0.0}}
    difference = found["ablations"]["layers"]["final"]["warm"]["differences"]["lambda0"]["accuracy"]
    assert difference["difference"] == -0.5


def test_what_every_ablation_changes_is_said_once(tmp_path: Path) -> None:
    shared = {"infer": {"manifest_size": 400}, "baselines": {"models": ["majority"]}}
    ablations = [
        run(tmp_path / "lambda0", wrong=range(6), sft={"kl_weight": 0.0}, **shared),
        run(tmp_path / "unweighted", wrong=range(6), dpo={"weighted": False}, **shared),
    ]
    text = tables(published(tmp_path / "out.json", run(tmp_path / "run"), ablations=ablations))
    assert "; all with `baselines.models=['majority']`, `infer.manifest_size=400`**" in text
    assert "| lambda0 | `sft.kl_weight=0.0` |" in text
    assert "| unweighted | `dpo.weighted=False` |" in text


def test_the_tables_hold_every_figure_and_bold_marks_what_excludes_nothing(tmp_path: Path) -> None:
    home = run(tmp_path / "run")
    repeat = run(tmp_path / "other", wrong=range(6), split={"warm_seed": 1, "cold_seed": 2})
    ablation = run(tmp_path / "lambda0", wrong=range(6), sft={"kl_weight": 0.0})
    text = tables(published(tmp_path / "out.json", home, repeats=[repeat], ablations=[ablation]))
    assert "| student, raw | .500 | .450 |" in text
    assert "| MFS | .958 |" in text
    assert "| before training | .470 | unscored | unscored |" in text
    assert "| F1 evidence | .250 |" in text
    assert "| masked | .500 → unscored | .750 |" in text
    assert "| student, raw − neighbour vote | +.100 [+.020, +.180] |" in text
    assert "| student, whole stack − neighbour vote | **+.100 [+.020, +.180]** |" in text
    assert "**Macro-F1 over 2 partitions, mean ± spread / mean THS**" in text
    assert "| lambda0 | `sft.kl_weight=0.0` |" in text
