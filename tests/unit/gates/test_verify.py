"""Whatever is changed in a published split or in its certificate, verification says so."""

from __future__ import annotations

import copy
from dataclasses import replace

import polars as pl
import pytest

from mard.gates.certificate import hashes, seal
from mard.gates.verify import (
    check_claims,
    check_counts,
    check_draw,
    check_files,
    check_gates,
    check_seal,
    rerun,
)
from mard.schema import Protocol
from tests.unit.gates.worlds import Clean


@pytest.fixture(scope="module")
def clean() -> Clean:
    return Clean(2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("split")


@pytest.fixture(scope="module")
def original(clean, folder):
    return clean.publish(folder)


@pytest.fixture
def certificate(original):
    """A copy to edit. Evidence is not part of this world: gate 10 is claimed, as the pipeline would."""
    row = {"gate": "evidence_text", "protocol": "pools", "checked": 1, "violations": 0, "examples": []}
    own = copy.deepcopy(original)
    return seal({**own, "gates": [*own["gates"], row]})


def findings(certificate, tables, found) -> list[str]:
    """All that a third party can find."""
    return [
        *check_seal(certificate),
        *check_claims(certificate),
        *check_files(certificate, found),
        *check_counts(certificate, tables),
        *check_draw(certificate, tables),
        *check_gates(certificate, rerun(certificate, tables, found)),
    ]


def test_an_untouched_split_is_verified(clean, certificate, folder):
    assert findings(certificate, clean.tables, hashes(folder)) == []


@pytest.mark.parametrize("seed", range(4))
def test_other_splits_are_verified_too(seed, tmp_path):
    clean = Clean(seed, drugs=40)
    certificate = clean.publish(tmp_path)
    tables = clean.tables
    assert check_draw(certificate, tables) == []
    assert check_gates(certificate, rerun(certificate, tables, hashes(tmp_path))) == []


def test_an_edited_certificate_breaks_its_seal(certificate):
    certificate["counts"]["pairs"] += 1
    assert check_seal(certificate)[0].startswith("certificate: edited; its digest says ")


def test_edited_counts_are_found_under_a_new_seal(clean, certificate, folder):
    certificate["counts"]["protocols"]["warm"]["test"]["Efficacy"] += 5
    own = clean.part(Protocol.WARM, "test").filter(pl.col("family") == "Efficacy").height
    assert findings(seal(certificate), clean.tables, hashes(folder)) == [
        f"counts, protocols/warm/test/Efficacy: certified {own + 5}, the tables have {own}"
    ]


def test_an_edited_gate_result_is_found_under_a_new_seal(clean, certificate, folder):
    certificate["gates"][0]["checked"] += 1
    (finding,) = findings(seal(certificate), clean.tables, hashes(folder))
    rows = clean.labels.height
    assert finding == (
        f"gate 1 pair_disjoint on warm: certified 0 violations in {rows + 1} checked, "
        f"found 0 violations in {rows} checked"
    )


def test_a_gate_that_was_left_out_is_found(clean, certificate, folder):
    certificate["gates"] = [row for row in certificate["gates"] if row["gate"] != "alias_disjoint"]
    assert findings(seal(certificate), clean.tables, hashes(folder)) == [
        "gate 5 alias_disjoint on drug_partition: the certificate has no result",
    ]
    certificate["gates"] = [row for row in certificate["gates"] if row["gate"] != "evidence_text"]
    assert check_claims(certificate) == ["gate 10 evidence_text: the certificate has no result"]


def test_a_certificate_that_admits_violations_is_not_clean(certificate):
    certificate["gates"][0] |= {"violations": 3, "examples": ["x"]}
    assert check_claims(certificate) == [
        "gate 1 pair_disjoint on warm: the certificate itself states 3 violations"
    ]


def test_a_protocol_that_is_said_to_mean_something_else_is_found_under_a_new_seal(certificate):
    certificate["definitions"]["drug_cold"] = "Both drugs of a test pair are unseen."
    (found,) = check_claims(seal({key: value for key, value in certificate.items() if key != "sha256"}))
    assert found.startswith("definitions, drug_cold: not what mard")


def test_edited_seeds_do_not_give_the_split(clean, certificate, folder):
    certificate["parameters"]["warm_seed"] += 1
    found = findings(seal(certificate), clean.tables, hashes(folder))
    assert any(line.startswith("warm: not what the certified seeds and shares give; ") for line in found)


def test_another_version_is_named_where_the_draw_differs(clean, certificate):
    certificate["parameters"]["warm_seed"] += 1
    certificate["mard_version"] = "99"
    assert "give (drawn by 99);" in check_draw(certificate, clean.tables)[0]


def test_a_missing_and_a_changed_file_are_found(certificate, folder):
    found = hashes(folder)
    del found["eval.parquet"]
    found["warm.parquet"] = "0" * 64
    assert check_files(certificate, found) == [
        "eval.parquet: missing",
        f"warm.parquet: SHA-256 is {'0' * 64}, certified {certificate['files']['warm.parquet']}",
    ]


def resealed(certificate, tables):
    """The certificate that a careful forger would write for other tables, gates left as they were."""
    from mard.gates.certificate import count

    return seal({**certificate, "counts": count(tables)})


def test_a_leak_is_found_by_its_gate_however_the_certificate_was_forged(clean, certificate, folder):
    pair = clean.pick(clean.part(Protocol.DRUG_COLD, "test"))["pair_id"][0]
    leaky = {**clean.splits, Protocol.DRUG_COLD: clean.moved(Protocol.DRUG_COLD, pair, "train")}
    tables = replace(clean.tables, splits=leaky)
    found = findings(resealed(certificate, tables), tables, hashes(folder))
    assert any(line.startswith("gate 3 drug_cold_disjoint on drug_cold: ") for line in found)
    assert any(line.startswith("drug_cold: not what the certified seeds") for line in found)


def test_two_pairs_that_change_places_leak_nothing_and_are_found_all_the_same(clean, certificate, folder):
    train, test = clean.part(Protocol.WARM, "train"), clean.part(Protocol.WARM, "test")
    family = test["family"][0]
    one, other = test["pair_id"][0], train.filter(pl.col("family") == family)["pair_id"][0]
    part = pl.col("pair_id").replace_strict({one: "train", other: "test"}, default=pl.col("part"))
    tables = replace(
        clean.tables,
        splits={**clean.splits, Protocol.WARM: clean.splits[Protocol.WARM].with_columns(part=part)},
    )
    assert check_counts(certificate, tables) == []
    found = check_draw(certificate, tables)
    assert found[0].startswith("warm: not what the certified seeds and shares give; 4 rows differ, e.g. ")


def test_a_moiety_on_both_sides_is_found_without_the_release(clean, certificate, folder):
    part = pl.when(pl.col("drug_id") == "DB00001").then(pl.lit("train")).otherwise(pl.lit("test"))
    salts = pl.col("moiety") == "A" * 14
    tables = replace(
        clean.tables, partition=clean.partition.with_columns(part=pl.when(salts).then(part).otherwise("part"))
    )
    found = check_gates(certificate, rerun(certificate, tables, hashes(folder)))
    assert (
        "gate 5 alias_disjoint on drug_partition: 1 violations, e.g. AAAAAAAAAAAAAA: DB00001, DB00002"
        in found
    )
