from __future__ import annotations

from pathlib import Path

import pytest

from mard.errors import GateFailure, MissingArtifact
from mard.ingest.sample.release import write_release
from mard.io import read_json
from tasks import contracts, ingest, label
from tasks.stage import Workspace, run_stage, workspace_for
from tests.releases import AXITINIB, DOWN, VORICONAZOLE, drug_xml, release_xml

OTHER = "The serum concentration of Axitinib can be increased when it is combined with Voriconazole."
HICCUPS = "The risk or severity of hiccups can be increased when Axitinib is combined with Heparin."
FOREIGN = "Axitinib should be avoided with Heparin."


def ingested(tmp_path: Path, *sentences: tuple[str, str], allowed: float = 0.002) -> Workspace:
    """A workspace with a release in which axitinib lists these (other drug, sentence)."""
    release = tmp_path / "release.xml"
    release.write_bytes(
        release_xml(
            drug_xml(AXITINIB, "Axitinib", interactions=sentences),
            drug_xml(VORICONAZOLE, "Voriconazole"),
            drug_xml("DB01109", "Heparin"),
        )
    )
    override = f"label.max_unmatched_share={allowed}"
    workspace = workspace_for(tmp_path / "artifacts", release=release, overrides=[override])
    run_stage("ingest", ingest.compute, workspace)
    return workspace


def test_the_stage_writes_labels_conflicts_and_drift(tmp_path: Path):
    workspace = ingested(tmp_path, (VORICONAZOLE, DOWN), (VORICONAZOLE, OTHER), ("DB01109", HICCUPS))
    run_stage("label", label.compute, workspace)
    out = workspace.stage("label")
    assert contracts.read(out, "label/labels").drop("drug_a", "drug_b").rows() == [
        (f"{VORICONAZOLE}|{AXITINIB}", "PK_Metabolism", "metabolism", "a_to_b", "down", "metabolism"),
        (f"DB01109|{AXITINIB}", "AdverseRisk", "misc_adverserisk", "bidirectional", "up", "hiccups"),
    ]
    assert contracts.read(out, "label/conflicts")["other_family"].to_list() == ["PK_Distribution"]
    assert contracts.read(out, "label/templates").height == 3
    assert contracts.read(out, "label/unmatched").is_empty()

    manifest = read_json(out / "manifest.json")
    assert manifest["taxonomy_version"] == "2026-04.1"
    assert manifest["families"] == {"AdverseRisk": 1, "PK_Metabolism": 1}
    assert manifest["counts"]["conflicts"] == 1
    assert manifest["shares"]["family_AdverseRisk"] == 0.5
    assert manifest["drift"]["unlisted"] == [{"family": "AdverseRisk", "raw_subtype": "hiccups", "pairs": 1}]
    assert manifest["release"] == read_json(workspace.need("ingest", "manifest.json"))["release"]


def test_too_many_unmatched_descriptions_stop_the_stage(tmp_path: Path):
    """One of two listings is 50 %: over 49.9 %, within 50 %."""
    sentences = ((VORICONAZOLE, DOWN), ("DB01109", FOREIGN))
    workspace = ingested(tmp_path, *sentences, allowed=0.499)
    with pytest.raises(
        GateFailure, match=r"unmatched_share fails on label/unmatched .50\.00% of 2 listings, 49\.90% allowed"
    ) as caught:
        run_stage("label", label.compute, workspace)
    assert caught.value.count == 1
    assert caught.value.examples == (f"DB01109|{AXITINIB} (no_template: {FOREIGN!r})",)
    assert not workspace.stage("label").exists()
    failed = workspace.artifacts / "label.failed"
    assert str(caught.value).endswith(f"; all of it is in {failed}")
    assert contracts.read(failed, "label/unmatched")["description"].to_list() == [FOREIGN]
    assert read_json(failed / "manifest.json")["shares"]["unmatched"] == 0.5

    workspace = ingested(tmp_path, *sentences, allowed=0.5)
    run_stage("label", label.compute, workspace)
    assert contracts.read(workspace.stage("label"), "label/unmatched").height == 1
    assert not failed.exists()
    assert read_json(workspace.stage("label") / "manifest.json")["counts"]["unmatched_no_template"] == 1


@pytest.mark.parametrize(("spoilt", "stops"), [(20, False), (60, True)])
def test_a_planted_bad_release_stops_at_the_gate(tmp_path: Path, spoilt: int, stops: bool):
    """Of the sample's 16,899 listings 0.2 % are 33: 20 unreadable ones pass and are kept, 60 do not."""
    release = write_release(tmp_path / "sample")
    text = release.read_text(encoding="utf-8")
    planted = text.replace(" can be increased when ", " should not be ", spoilt)
    assert text.count(" can be increased when ") >= spoilt
    release.write_text(planted, encoding="utf-8")
    workspace = workspace_for(tmp_path / "artifacts", release=release)
    run_stage("ingest", ingest.compute, workspace)
    if stops:
        with pytest.raises(GateFailure, match="unmatched_share fails on label/unmatched") as caught:
            run_stage("label", label.compute, workspace)
        assert caught.value.count == spoilt
        assert not workspace.stage("label").exists()
    else:
        run_stage("label", label.compute, workspace)
        unmatched = contracts.read(workspace.stage("label"), "label/unmatched")
        assert unmatched["reason"].to_list() == ["no_template"] * spoilt
        assert unmatched["description"].str.contains("should not be").all()
        manifest = read_json(workspace.stage("label") / "manifest.json")
        assert manifest["counts"]["unmatched"] == spoilt
        assert 0 < manifest["shares"]["unmatched"] <= workspace.params.label.max_unmatched_share


def test_the_stage_needs_ingest(tmp_path: Path):
    with pytest.raises(MissingArtifact, match="run the stage 'ingest' first"):
        run_stage("label", label.compute, workspace_for(tmp_path / "artifacts"))
