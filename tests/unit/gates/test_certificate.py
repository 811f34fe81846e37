from __future__ import annotations

import copy
import json

import pytest

from mard.errors import InputError
from mard.gates.certificate import count, digest, extended, passed, read_certificate, seal
from mard.gates.certificate_page import page, readable
from mard.gates.suite import RULES
from tests.unit.gates.worlds import Clean


@pytest.fixture(scope="module")
def clean() -> Clean:
    return Clean(1)


@pytest.fixture(scope="module")
def certificate(clean, tmp_path_factory):
    return clean.publish(tmp_path_factory.mktemp("split"))


def saved(folder, content) -> object:
    path = folder / "certificate.json"
    path.write_text(json.dumps(content))
    return read_certificate(path)


def test_a_certificate_is_read_as_it_was_written(certificate, tmp_path):
    found = saved(tmp_path, certificate)
    assert found == json.loads(json.dumps(certificate))
    assert digest(found) == certificate["sha256"]


def test_the_digest_is_of_the_content_whatever_its_layout(certificate):
    turned = dict(reversed(certificate.items()))
    assert digest(turned) == digest(certificate)
    assert digest({**certificate, "taxonomy_version": "other"}) != digest(certificate)
    # sha256 of {"a":1}
    assert seal({"a": 1})["sha256"] == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


def test_counts_add_up_to_the_corpus(clean):
    counts = count(clean.tables)
    assert counts["pairs"] == clean.labels.height
    for parts in counts["protocols"].values():
        assert sum(sum(families.values()) for families in parts.values()) == clean.labels.height
    assert sum(counts["drugs"].values()) == clean.partition.height
    assert sum(counts["moieties"].values()) == clean.partition.height - 1  # two salts of one


def test_findings_of_later_stages_join_the_certificate(certificate):
    row = {"gate": "training_rows", "protocol": "sft", "checked": 4, "violations": 0, "examples": []}
    longer = extended(certificate, [row])
    assert digest(longer) == longer["sha256"] != certificate["sha256"]
    assert passed(certificate["gates"])["training_rows"] is None
    assert passed(longer["gates"])["training_rows"] is True
    assert passed([{**row, "violations": 2}, row])["training_rows"] is False


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"certificate": "diploma"}, "certificate: 'MARD split' was expected"),
        ({"format": 2}, "format: 1 was expected"),
        ({"gates": [{"gate": "pair_disjoint"}]}, "gates/0: "),
        ({"counts": {"pairs": "many"}}, "counts/pairs: "),
        ({"parameters": {}}, "parameters.warm_seed is missing; parameters.cold_seed is missing"),
    ],
)
def test_what_is_no_certificate_is_refused(certificate, tmp_path, change, problem):
    with pytest.raises(InputError, match=f"not a split certificate of format 1: {problem}"):
        saved(tmp_path, {**certificate, **change})


@pytest.mark.parametrize(
    ("name", "value"),
    [("subset_test", 1.0), ("subset_val", 0), ("test_share", 2), ("warm_seed", -1), ("cold_seed", 2**64)],
)
def test_parameters_that_no_split_was_drawn_with_are_refused(certificate, tmp_path, name, value):
    parameters = {**certificate["parameters"], name: value}
    with pytest.raises(InputError, match=name):
        saved(tmp_path, {**certificate, "parameters": parameters})


def test_a_number_that_json_does_not_have_is_refused(certificate, tmp_path):
    with pytest.raises(InputError, match="a number that JSON does not have"):
        saved(tmp_path, {**certificate, "release": {"version": float("nan")}})


def test_a_certificate_without_a_field_is_refused(certificate, tmp_path):
    shorter = copy.deepcopy(certificate)
    del shorter["files"]
    with pytest.raises(InputError, match="'files' is a required property"):
        saved(tmp_path, shorter)


def test_the_page_shows_all_and_loads_nothing(certificate):
    text = page(certificate)
    assert "http" not in text
    assert "src=" not in text
    assert "<script" not in text
    for shown in (*certificate["files"].values(), certificate["sha256"], *RULES, "not run here"):
        assert shown in text
    assert "8 of 11 gates run" in text
    assert "✗" not in text


def test_the_page_and_the_terminal_show_a_failing_gate(certificate):
    row = {
        "gate": "training_rows",
        "protocol": "sft",
        "checked": 4,
        "violations": 1,
        "examples": ["<b>DB1</b> may not be used"],
    }
    longer = extended(certificate, [row])
    text = page(longer)
    assert "✗ fails" in text
    assert "sft: &lt;b&gt;DB1&lt;/b&gt; may not be used" in text
    assert " 9 training_rows                       4           1  fails" in readable(longer)
