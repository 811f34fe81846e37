from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mard.errors import AmbiguousDrug, InputError, SelfPair, UnknownDrug
from mard.infer.stack import Stack
from mard.io import read_json, write_json
from mard.mirror import mirror
from mard.register.model import Predictor, Sources, load_bundle, save_bundle, verify_bundle
from mard.schema import Protocol
from tests.trained import RELEASE, finish_until_dpo


def sources(root: Path) -> Sources:
    stages = root / "artifacts"
    return Sources(
        ingest=stages / "ingest",
        evidence=stages / "evidence",
        index=stages / "retrieve" / "index",
        sft=stages / "sft",
        adapter=stages / "dpo" / "adapter",
        prm=stages / "prm",
        stack=root / "stack.json",
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    workspace = finish_until_dpo(folder)
    stack = Stack(("prm_vote_consensus",)).to_json()
    write_json(folder / "stack.json", {"protocols": dict.fromkeys(map(str, Protocol), stack)})
    save_bundle(folder / "bundle", sources(folder), workspace.params, RELEASE)
    return folder


@pytest.fixture(scope="module")
def predictor(root: Path) -> Predictor:
    return load_bundle(root / "bundle")


def test_names_brands_and_ids_ask_the_same_question(predictor: Predictor) -> None:
    by_id = predictor.predict("DB00582", "DB06626").to_dict()
    assert predictor.predict("voriconazole", "Inlyta").to_dict() == by_id
    assert by_id["model_version"] == predictor.version


def test_the_flipped_question_gets_the_mirrored_answer(predictor: Predictor) -> None:
    ab, ba = predictor.predict("DB00582", "DB06626"), predictor.predict("DB06626", "DB00582")
    assert ba.answer == mirror(ab.answer)
    assert ba.trace == mirror(ab.trace)
    assert (ba.first, ba.second) == (ab.second, ab.first)


def test_what_is_cited_is_explained_and_in_the_pool(predictor: Predictor) -> None:
    found = predictor.predict("Axitinib", "Voriconazole")
    cited = {citation for step in found.steps for citation in step.citations}
    assert set(found.evidence) == cited
    assert found.evidence.items() <= predictor.evidence("Axitinib", "Voriconazole").items()


def test_the_pair_itself_is_never_its_own_neighbour(predictor: Predictor) -> None:
    evidence = predictor.evidence("DB00682", "DB01045")  # a train pair of the sample
    assert "nbr:DB00682|DB01045" not in evidence
    assert sum(citation.startswith("nbr:") for citation in evidence) == 5


@pytest.mark.parametrize(
    ("first", "second", "error", "message"),
    [
        ("DB00582", "DB99999", UnknownDrug, "no drug with the id or name 'DB99999'"),
        ("DB00582", "Voriconazol", UnknownDrug, r"did you mean Voriconazole \(DB00582\)"),
        ("DB06626", "Vfend", AmbiguousDrug, r"'Vfend' names 2 drugs: .*give the id"),
        ("DB00582", "voriconazole", SelfPair, "DB00582 is paired with itself"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    predictor: Predictor, first: str, second: str, error: type[Exception], message: str
) -> None:
    for ask in (predictor.predict, predictor.evidence):
        with pytest.raises(error, match=message):
            ask(first, second)


def test_the_same_parts_make_the_same_bundle(root: Path, predictor: Predictor) -> None:
    params = predictor.brain.answerer.params
    assert save_bundle(root / "again", sources(root), params, RELEASE) == predictor.version
    assert predictor.version.startswith("0.1-")


def test_an_altered_missing_or_foreign_file_is_noticed(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(root / "bundle", copy)
    assert verify_bundle(copy)
    (copy / "stack.json").write_text("{}")
    with pytest.raises(InputError, match=r"stack\.json is missing or altered \(1 files\)"):
        verify_bundle(copy)
    (copy / "stack.json").unlink()
    with pytest.raises(InputError, match=r"stack\.json is missing or altered"):
        verify_bundle(copy)
    header = read_json(copy / "bundle.json")
    write_json(copy / "bundle.json", {**header, "format": 99})
    with pytest.raises(InputError, match="bundle format 99, expected 4"):
        verify_bundle(copy)


def test_nothing_in_a_bundle_is_pickled(root: Path) -> None:
    kinds = {path.suffix for path in (root / "bundle").rglob("*") if path.is_file()}
    assert kinds <= {".json", ".parquet", ".safetensors", ".npy", ".tsv", ".jinja", ".md"}
