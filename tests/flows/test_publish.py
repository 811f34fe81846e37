from __future__ import annotations

import json
from pathlib import Path

from flows.publish import publish
from mard.io import write_json

FIGURES = {"macro_f1": 0.5, "accuracy": 0.6, "hr": 0.0, "intervals": {"macro_f1": {"drugs": [0.4, 0.6]}}}
SECRET = "DB00582|DB06626"


def test_figures_and_how_to_get_them_are_written_and_no_pair_is(tmp_path: Path) -> None:
    protocol = {
        "pairs": 7,
        "drugs": 9,
        "layers": {"greedy": FIGURES | {"worked": SECRET}},
        "baselines": {"majority": FIGURES},
        "comparisons": {"majority": {"macro_f1": {"difference": 0.1, "win": "student"}}},
        "variants": {"raw": FIGURES | {"comparisons": {"majority": {"macro_f1": {"win": "none"}}}}},
        "failures": {"examples": [SECRET]},
    }
    metrics = {
        "release": {"file": "r.xml", "version": "5.1"},
        "final_layer": "stack",
        "protocols": {"warm": protocol},
        "training": {"sft": {"held_out.mirror_error": 0.04}},
        "retrieval": {},
        "gates": [
            {"gate": "pair_disjoint", "protocol": "warm", "checked": 7, "violations": 0, "examples": [SECRET]}
        ],
    }
    write_json(tmp_path / "run" / "evaluate" / "metrics.json", metrics)
    publish(tmp_path / "run", None, "mard run --preset small-cpu", tmp_path / "out.json")
    text = (tmp_path / "out.json").read_text()
    found = json.loads(text)
    assert SECRET not in text
    assert found["command"] == "mard run --preset small-cpu"
    assert found["seeds"]["split.warm_seed"] == 42
    assert found["protocols"]["warm"]["layers"]["greedy"] == FIGURES
    assert found["protocols"]["warm"]["variants_minus_baseline"]["raw"]["majority"]["macro_f1"] == {
        "win": "none"
    }
    assert found["gates"] == [{"gate": "pair_disjoint", "protocol": "warm", "checked": 7, "violations": 0}]
