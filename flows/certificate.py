"""``mard gates``: a split's certificate, and its verification by somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl
from polars.exceptions import PolarsError

from mard.errors import ContractError, InputError
from mard.gates import verify
from mard.gates.certificate import Certificate, extended, hashes, read_certificate
from mard.gates.certificate_page import write_page
from mard.gates.leakage import GateResult
from mard.gates.report import to_rows
from mard.gates.suite import RULES, SplitTables
from mard.io import read_json, write_json
from mard.schema import Protocol
from tasks import contracts, gates, retrieve
from tasks.stage import Workspace, workspace_for

TRAINING: Final = ("prm", "sft", "dpo", "infer")
NEIGHBOURS: Final = ("neighbours.parquet", "queries.parquet")


def certificate_of(artifacts: Path | None) -> Certificate:
    """The certificate of a workspace's split, with the gates that ran in later stages.

    Raises:
        MissingArtifact: The stage gates has not run, or found violations.
        InputError: The split is not the one that its gates saw.
    """
    workspace = workspace_for(artifacts)
    certificate = read_certificate(workspace.need("gates", "certificate.json"))
    folder = workspace.need("split")
    if changed := verify.check_files(certificate, hashes(folder)):
        raise InputError(f"{folder} is not what its gates saw; run the stage 'gates' again: {changed[0]}")
    later = []
    if place := _neighbour_tables(workspace.stage("retrieve")):
        later = to_rows(_neighbour_gate(place, gates.read_split(folder)))
    return extended(certificate, [*later, *_training_rows(workspace)])


def publish(certificate: Certificate, out: Path) -> str:
    """Write the certificate as JSON and as a page beside it; say where they are."""
    document, page = out.with_suffix(".json"), out.with_suffix(".html")
    write_json(document, certificate)
    write_page(page, certificate)
    return f"written: {document} and {page}"


def verification(path: Path, splits: Path | None, artifacts: Path | None) -> tuple[list[str], list[str]]:
    """Check a certificate against the split, and against the release where its artifacts are at hand.

    Args:
        path: The certificate.
        splits: Folder of the published tables; else ``split`` of the artifacts, or the
            certificate's own.
        artifacts: The pipeline's folder for the same release.

    Returns:
        What is wrong, a line each, and notes on what could not be checked.
    """
    certificate = read_certificate(path)
    folder = splits or (artifacts / "split" if artifacts else path.parent)
    workspace = None if artifacts is None else workspace_for(artifacts)
    found = hashes(folder)
    findings = [*verify.check_seal(certificate), *verify.check_claims(certificate)]
    findings += verify.check_files(certificate, found)
    tables, broken = _read(folder)
    findings += broken
    if tables is None:
        return findings, ["no gate could run again: the tables are not all there"]
    findings += verify.check_counts(certificate, tables)
    if not broken:
        findings += verify.check_draw(certificate, tables)
    if workspace is None:
        results = verify.rerun(certificate, tables, found)
    else:
        findings += _release_findings(certificate, workspace)
        results = _rerun_with_release(certificate, tables, found, workspace)
    place = _neighbour_tables(folder, *([workspace.stage("retrieve")] if workspace else []))
    if place and any(row["gate"] == "neighbour_universe" for row in certificate["gates"]):
        results += _neighbour_gate(place, tables)
    findings += verify.check_gates(certificate, results)
    return findings, _notes({result.gate for result in results})


def _read(folder: Path) -> tuple[SplitTables | None, list[str]]:
    """The published tables as they are, and what breaks their contracts; None if they cannot be judged."""
    frames, broken = {}, []
    for file in verify.FILES:
        name = f"split/{file.removesuffix('.parquet')}"
        try:
            frames[name] = pl.read_parquet(folder / file)
            contracts.validate(name, frames[name])
        except FileNotFoundError:
            continue  # reported among the files
        except (PolarsError, ContractError) as error:
            broken.append(f"{file}: {str(error).splitlines()[0]}")
    columns = {name: list(contracts.TABLES[name].columns) for name in frames}
    if len(frames) < len(verify.FILES) or any(
        frame.columns != columns[name] for name, frame in frames.items()
    ):
        return None, broken
    splits = {protocol: frames[f"split/{protocol}"] for protocol in Protocol}
    rest = (frames[f"split/{name}"] for name in ("drug_partition", "teacher_subset", "eval"))
    return SplitTables(splits, *rest), broken


def _release_findings(certificate: Certificate, workspace: Workspace) -> list[str]:
    release = read_json(workspace.need("ingest", "manifest.json"))["release"]
    return [
        f"release {name}: certified {value}, the artifacts have {release.get(name)}"
        for name, value in certificate["release"].items()
        if release.get(name) != value
    ]


def _rerun_with_release(
    certificate: Certificate, tables: SplitTables, found: dict[str, str], workspace: Workspace
) -> list[GateResult]:
    """Gates 1 to 6, 8, 10 and 11 on the release's own labels, structures and texts; 9 as it was reported."""
    labels = contracts.read(workspace.need("label"), "label/labels")
    claimed = {(row["gate"], row["protocol"]) for row in certificate["gates"]}
    reported = [
        GateResult(**{**row, "examples": tuple(row["examples"])}) for row in _training_rows(workspace)
    ]
    return [
        *gates.release_gates(workspace, labels, tables),
        verify.files_gate(certificate, found),
        *(result for result in reported if (result.gate, result.protocol) in claimed),
    ]


def _neighbour_tables(*folders: Path) -> Path | None:
    """The first folder that holds the neighbours and their queries."""
    return next((folder for folder in folders if all((folder / name).exists() for name in NEIGHBOURS)), None)


def _neighbour_gate(folder: Path, tables: SplitTables) -> list[GateResult]:
    """Gate 7 on the neighbours that were shown; ids and labels are all that it reads."""
    neighbours = contracts.read(folder, "retrieve/neighbours")
    queries = contracts.read(folder, "retrieve/queries")
    universes = retrieve.universes_of(tables.splits, tables.subset)
    return retrieve.check(neighbours, queries, universes, tables.partition)


def _training_rows(workspace: Workspace) -> list[dict[str, Any]]:
    """Findings of gate 9, as the stages that train reported them."""
    reports = (workspace.stage(stage) / "gates.json" for stage in TRAINING)
    return [row for report in reports if report.exists() for row in read_json(report)]


def _notes(ran: set[str]) -> list[str]:
    return [
        f"gate {rule.number} {name}: not run again; it needs {rule.needs}"
        for name, rule in RULES.items()
        if name not in ran
    ]
