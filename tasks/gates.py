"""Gates: leakage and quality checks that stop the flow, their Data Docs, and the split's certificate.

When a gate fails, the stage leaves no folder; what was found is in ``artifacts/gates.failed``.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.evidence.store import EvidenceStore
from mard.gates.certificate import Certificate, certify, hashes
from mard.gates.certificate_page import write_page
from mard.gates.leakage import GateResult, manifest_hashes
from mard.gates.report import enforce, to_rows
from mard.gates.suite import SplitTables, split_gates
from mard.gates.texts import evidence_text, shown_texts
from mard.io import read_json, write_json
from mard.label.taxonomy import load_taxonomy
from mard.schema import Protocol
from mard.split.cold import identities
from tasks import contracts
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write report, Data Docs and certificate; stop where there is a violation."""
    from mard.gates.data_docs import enforce_quality, validate_tables, write_data_docs

    labels = contracts.read(workspace.need("label"), "label/labels")
    folder = workspace.need("split")
    tables = read_split(folder)
    pins = manifest_hashes(read_json(folder / "manifest.json")["sha256"], hashes(folder))
    results = [*release_gates(workspace, labels, tables), pins]
    validations = validate_tables(_quality_tables(workspace, labels, tables, results))
    write_json(out / "report.json", to_rows(results))
    write_data_docs(out / "data_docs", results, validations)
    summary = {
        "gates": len({result.gate for result in results}),
        "checks": len(results),
        "violations": sum(result.violations for result in results),
        "expectations": {
            item.table: item.result.statistics["evaluated_expectations"] for item in validations
        },
    }
    write_json(out / "manifest.json", {**summary, "release": _release(workspace)})
    enforce(results)
    enforce_quality(validations)
    certificate = _certificate(workspace, tables, results)
    write_json(out / "certificate.json", certificate)
    write_page(out / "certificate.html", certificate)
    return summary


def read_split(folder: Path) -> SplitTables:
    """The tables of the stage split."""
    return SplitTables(
        {protocol: contracts.read(folder, f"split/{protocol}") for protocol in Protocol},
        contracts.read(folder, "split/drug_partition"),
        contracts.read(folder, "split/teacher_subset"),
        contracts.read(folder, "split/eval"),
    )


def release_gates(workspace: Workspace, labels: pl.DataFrame, tables: SplitTables) -> list[GateResult]:
    """Gates 1 to 6, 8, 10 and 11 (hashes aside), with all that the workspace knows of the release."""
    known = identities(contracts.read(workspace.need("ingest"), "ingest/drugs"))
    gaps = workspace.params.gates.declared_gaps
    return [*split_gates(tables, labels, known, gaps), _evidence_gate(workspace, labels)]


def _certificate(workspace: Workspace, tables: SplitTables, results: list[GateResult]) -> Certificate:
    facts = {
        "release": _release(workspace),
        "taxonomy_version": load_taxonomy().version,
        "declared_gaps": workspace.params.gates.declared_gaps,
    }
    return certify(tables, hashes(workspace.need("split")), results, workspace.params.split, facts)


def _release(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = read_json(workspace.need("ingest", "manifest.json"))["release"]
    return found


def _evidence_gate(workspace: Workspace, labels: pl.DataFrame) -> GateResult:
    """Gate 10, on the text of every pair of the corpus as its pool would show it."""
    ingest, evidence = workspace.need("ingest"), workspace.need("evidence")
    drugs = contracts.read(ingest, "ingest/drugs").select("drug_id", "name", "aliases")
    names = {drug_id: (name, *aliases) for drug_id, name, aliases in drugs.iter_rows()}
    table = contracts.read(evidence, "evidence/drugs").select("drug_id", "moa_names", "half_life_names")
    named = [
        (drug_id, partner)
        for drug_id, by_sentence, in_half_life in table.iter_rows()
        for partner in (*chain.from_iterable(by_sentence), *in_half_life)
    ]
    shown = shown_texts(labels, EvidenceStore.open(evidence), named)
    interactions = contracts.read(ingest, "ingest/interactions").select("pair_id", "description")
    return evidence_text(shown, names, interactions)


def _quality_tables(
    workspace: Workspace, labels: pl.DataFrame, tables: SplitTables, results: list[GateResult]
) -> dict[str, Any]:
    from mard.gates import expectations

    params = workspace.params
    wanted = params.split.subset_train + params.split.subset_val + params.split.subset_test
    measured = read_json(workspace.need("label", "manifest.json"))["shares"]["unmatched"]
    quality = pl.DataFrame(
        [
            {
                "measure": "unmatched descriptions",
                "observed": measured,
                "allowed": params.label.max_unmatched_share,
            }
        ]
    )
    gates = pl.DataFrame(
        [{"gate": row.gate, "protocol": row.protocol, "violations": row.violations} for row in results]
    )
    return {
        "label/labels": (labels, expectations.label_suite(load_taxonomy().names)),
        **{
            f"split/{protocol}": (split, expectations.split_suite(protocol, labels.height))
            for protocol, split in tables.splits.items()
        },
        "split/teacher_subset": (
            tables.subset,
            expectations.subset_suite(wanted),
        ),
        "split/eval": (tables.manifest, expectations.manifest_suite()),
        "gates": (gates, expectations.gate_suite()),
        "quality": (quality, expectations.quality_suite()),
    }


@task(
    name="gates", retries=1, retry_delay_seconds=2, retry_condition_fn=worth_retrying, cache_policy=NO_CACHE
)
def gates(workspace: Workspace) -> Summary:
    """Leakage gates 1-6, 8, 10 and 11, and the quality of labels and splits."""
    return reproduce("gates", compute, workspace)
