"""Gates: leakage and quality checks that stop the flow, and their Data Docs.

When a gate fails, the stage leaves no folder; what was found is in ``artifacts/gates.failed``.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.evidence.store import EvidenceStore
from mard.gates import leakage
from mard.gates.leakage import GateResult
from mard.gates.report import enforce, to_rows
from mard.gates.texts import evidence_text, shown_texts
from mard.io import read_json, sha256_file, write_json
from mard.label.taxonomy import load_taxonomy
from mard.schema import Protocol
from mard.split.cold import identities
from tasks import contracts
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce

Splits = Mapping[Protocol, pl.DataFrame]


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write the gates' report and Data Docs; stop where there is a violation."""
    from mard.gates.data_docs import enforce_quality, validate_tables, write_data_docs

    failed = workspace.artifacts / "gates.failed"
    shutil.rmtree(failed, ignore_errors=True)
    folder = workspace.need("split")
    labels = contracts.read(workspace.need("label"), "label/labels")
    splits = {protocol: contracts.read(folder, f"split/{protocol}") for protocol in Protocol}
    results = [*_split_gates(workspace, labels, splits), _evidence_gate(workspace, labels)]
    validations = validate_tables(_quality_tables(workspace, labels, splits, results))
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
    release = read_json(workspace.need("ingest", "manifest.json"))["release"]
    write_json(out / "manifest.json", {**summary, "release": release})
    if summary["violations"] or any(item.failures for item in validations):
        shutil.copytree(out, failed)
    enforce(results)
    enforce_quality(validations)
    return summary


def _split_gates(workspace: Workspace, labels: pl.DataFrame, splits: Splits) -> list[GateResult]:
    """Gates 1 to 6, 8 and 11."""
    folder = workspace.need("split")
    partition = contracts.read(folder, "split/drug_partition")
    drugs = contracts.read(workspace.need("ingest"), "ingest/drugs")
    pins = read_json(folder / "manifest.json")["sha256"]
    found = {name: sha256_file(folder / name) for name in pins if (folder / name).exists()}
    gaps = workspace.params.gates.declared_gaps
    return [
        *(leakage.pair_disjoint(split, protocol) for protocol, split in splits.items()),
        *(leakage.mirror_disjoint(split, protocol) for protocol, split in splits.items()),
        leakage.drug_cold_disjoint(splits[Protocol.DRUG_COLD], partition),
        leakage.pair_cold_disjoint(splits[Protocol.PAIR_COLD]),
        leakage.alias_disjoint(partition, identities(drugs)),
        leakage.label_unique(labels),
        leakage.teacher_subset_inside(contracts.read(folder, "split/teacher_subset"), splits),
        *(leakage.manifest_integrity(split, protocol, labels, gaps) for protocol, split in splits.items()),
        leakage.manifest_members(contracts.read(folder, "split/eval"), splits),
        leakage.manifest_hashes(pins, found),
    ]


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
    workspace: Workspace, labels: pl.DataFrame, splits: Splits, results: list[GateResult]
) -> dict[str, Any]:
    from mard.gates import expectations

    params = workspace.params
    folder = workspace.need("split")
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
            for protocol, split in splits.items()
        },
        "split/teacher_subset": (
            contracts.read(folder, "split/teacher_subset"),
            expectations.subset_suite(wanted),
        ),
        "split/eval": (contracts.read(folder, "split/eval"), expectations.manifest_suite()),
        "gates": (gates, expectations.gate_suite()),
        "quality": (quality, expectations.quality_suite()),
    }


@task(
    name="gates", retries=1, retry_delay_seconds=2, retry_condition_fn=worth_retrying, cache_policy=NO_CACHE
)
def gates(workspace: Workspace) -> Summary:
    """Leakage gates 1-6, 8, 10 and 11, and the quality of labels and splits."""
    return reproduce("gates", compute, workspace)
