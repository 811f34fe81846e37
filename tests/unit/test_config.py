"""Parameters are validated whole: every fault is named, and nothing is silently accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mard.config import load_params, parse_params
from mard.errors import ConfigError

PARAMS = Path("params.yaml")


def _values(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(PARAMS.read_text())
    for path, value in changes.items():
        section, key = path.split("__")
        values[section][key] = value
    return values


def test_the_shipped_parameters_are_valid() -> None:
    params = load_params(PARAMS)
    assert params.sft.kl_weight == 0.1
    assert params.dpo.hard_negatives == ["adverse_risk", "family_axis", "subtype", "direction"]


@pytest.mark.parametrize("preset", sorted(Path("infra/presets").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_preset_is_valid(preset: Path) -> None:
    load_params(PARAMS, preset)


def test_all_faults_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        load_params(PARAMS, None, ["sft.epoch=3", "split.val_share=0.9", "teach.seed=x", "dpo.backend=guess"])
    faults = "\n".join(caught.value.faults)
    assert "sft.epoch is unknown (did you mean epochs?)" in faults
    assert "split.val_share: 0.9 is outside [0.01, 0.4]" in faults
    assert "teach.seed: expected int, got 'x'" in faults
    assert "dpo.backend: 'guess' is none of exact, importance" in faults
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"retrieve__regime_shares": {"warm": 0.5, "drug_cold": 0.5, "pair_cold": 0.5}}, "add up to 1"),
        ({"teach__temperature_low": 1.5}, "temperature_low is above"),
        ({"teach__teachers": []}, "at least one is needed"),
        (
            {"consensus__probe": {"model": {"name": "gemma", "kind": "openai"}, "pairs": 9}},
            "consensus.probe: gemma is an endpoint and needs base_url and model",
        ),
        ({"student__architecture": None}, "either checkpoint or architecture"),
        ({"infer__manifest_size": 7}, "must be one of split.eval_sizes"),
        ({"prm__seed": True}, "prm.seed: expected int, got True"),
        (
            {"infer__server": {"base_url": "u", "model": "m", "api_key_env": None, "concurrency": 0}},
            r"infer\.server\.concurrency: 0 is outside \[1, 4096\]",
        ),
        ({"split__eval_sizes": "all"}, "split.eval_sizes: expected a list"),
    ],
)
def test_a_contradiction_is_named(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        parse_params(_values(**changes))


def test_an_endpoint_without_an_address_is_refused() -> None:
    endpoint = {
        "name": "remote",
        "kind": "openai",
        "base_url": None,
        "model": "m",
        "api_key_env": None,
        "concurrency": 4,
    }
    with pytest.raises(ConfigError, match="remote is an endpoint and needs base_url and model"):
        parse_params(_values(teach__teachers=[endpoint]))


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    endpoint = {"name": "remote", "kind": "openai", "base_url": "https://me:secret@host/v1", "model": "m"}
    with pytest.raises(ConfigError, match="remote has a password in its base_url") as caught:
        parse_params(_values(teach__teachers=[endpoint]))
    assert "secret" not in str(caught.value)


def test_a_missing_section_and_a_missing_key_are_named() -> None:
    values = _values()
    del values["dpo"], values["sft"]["seed"]
    with pytest.raises(ConfigError) as caught:
        parse_params(values)
    assert set(caught.value.faults) == {"dpo is missing", "sft.seed is missing"}


@pytest.mark.parametrize("text", ["sft.epochs", "epochs=3", ".=1", "sft..x=1"])
def test_a_malformed_override_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"section\.key=value"):
        load_params(PARAMS, None, [text])


def test_a_missing_and_a_broken_file_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_params(tmp_path / "absent.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("sft: [1, 2\nepochs: }")
    with pytest.raises(ConfigError, match="not YAML") as caught:
        load_params(broken)
    assert "\n" not in str(caught.value)
