"""The XML and the tables come from one world, so parsing and labelling the one must give the other."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks.synthetic import corpus, write_release
from mard.ingest.drugbank import ReleaseTables, parse_release
from mard.label.labelling import label_interactions
from mard.label.taxonomy import load_taxonomy
from tasks import contracts

SCALE = 0.001


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("synthetic") / "release.xml", SCALE, seed=3)


@pytest.fixture(scope="module")
def parsed(written: Path) -> ReleaseTables:
    return parse_release(written)


@pytest.mark.parametrize("name", ["drugs", "proteins", "pathways", "interactions"])
def test_parsing_the_file_gives_the_corpus(name: str, parsed: ReleaseTables):
    expected = getattr(corpus(SCALE, seed=3), name)
    found = parsed.interactions.frame() if name == "interactions" else getattr(parsed, name)
    assert found.schema == expected.schema
    assert found.equals(expected)
    contracts.validate(f"ingest/{name}", expected)


def test_labelling_the_file_gives_the_labels_that_it_was_written_from(parsed: ReleaseTables):
    made = label_interactions(parsed.interactions.frame(), parsed.drugs, load_taxonomy())
    expected = corpus(SCALE, seed=3).labels
    assert made.labels.equals(expected)
    assert made.unmatched.is_empty()
    assert made.conflicts["pair_id"].n_unique() == 4  # 1,400 pairs: 0.2 % and one
    contracts.validate("label/labels", expected)


def test_the_file_holds_what_a_parser_must_cope_with(written: Path):
    text = written.read_text(encoding="utf-8")
    assert "\n        <drug>\n          <drugbank-id>" in text  # drugs nested in pathways
    assert "&#13;\n" in text
    assert "&amp;" in text
    told = text.split("</name>\n      <description>")[1:]
    assert any("\n" in part.partition("</description>")[0] for part in told)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(written: Path, tmp_path: Path):
    hashes = [
        sha256(write_release(tmp_path / f"{seed}.xml", SCALE, seed).read_bytes()).hexdigest()
        for seed in (3, 4)
    ]
    assert hashes[0] == sha256(written.read_bytes()).hexdigest()
    assert hashes[0] != hashes[1]
