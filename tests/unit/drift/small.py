"""Small releases as the comparisons read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from mard.config import Evidence
from mard.drift.release import Release, wordings
from mard.evidence.pool import build_evidence
from mard.ingest.drugbank import ReleaseInfo
from tests.corpora import drug_rows, labels

_PROTEINS = ("drug_id", "role", "uniprot", "gene", "organism")
_TEMPLATES = {"template": pl.String, "family": pl.String, "raw_subtype": pl.String, "direction": pl.String}


def told(table: pl.DataFrame, version: str = "") -> pl.DataFrame:
    """``ingest/interactions``: each pair's description says what its label says, and a ``version``."""
    text = pl.concat_str(
        "drug_a", "drug_b", "subtype", "direction", "polarity", pl.lit(version), separator=" "
    )
    return table.select("pair_id", "drug_a", "drug_b", listed_by="drug_a", description=text)


def release(
    table: pl.DataFrame | None = None,
    drugs: pl.DataFrame | None = None,
    *,
    proteins: Iterable[tuple[str, str, str, list[str]]] = (),
    pathways: Iterable[tuple[str, str]] = (),
    templates: Iterable[tuple[str, str, str, str, str, int]] = (),
    unmatched: Iterable[str] = (),
    interactions: pl.DataFrame | None = None,
) -> Release:
    """A release of ``label/labels`` and ``ingest/drugs``.

    Args:
        proteins: drug, role, UniProt accession and actions.
        pathways: drug and pathway.
        templates: Rows of ``label/templates``.
        unmatched: Pair ids whose description no rule reads.
    """
    table = labels([]) if table is None else table
    drugs = drug_rows([]) if drugs is None else drugs
    protein_rows = [
        (drug, role, uniprot, "G", "Humans", actions) for drug, role, uniprot, actions in proteins
    ]
    evidence = build_evidence(
        drugs,
        pl.DataFrame(
            protein_rows,
            schema={**dict.fromkeys(_PROTEINS, pl.String), "actions": pl.List(pl.String)},
            orient="row",
        ),
        pl.DataFrame(
            [(*row, "smpdb") for row in pathways],
            schema=dict.fromkeys(("drug_id", "pathway_id", "source"), pl.String),
            orient="row",
        ),
        Evidence(moa_max_chars=280, fingerprint_radius=2, fingerprint_bits=2048),
    )
    unread = list(unmatched)
    interactions = told(table) if interactions is None else interactions
    return Release(
        info=ReleaseInfo("small.xml", "0" * 64, "1", "2026-01-01"),
        taxonomy_version="1",
        drugs=drugs,
        labels=table,
        templates=pl.DataFrame(
            list(templates), schema={**_TEMPLATES, "polarity": pl.String, "rows": pl.Int64}, orient="row"
        ),
        unmatched=pl.DataFrame(
            {"pair_id": unread, "reason": ["no_template"] * len(unread)},
            schema={"pair_id": pl.String, "reason": pl.String},
        ),
        conflicts=pl.DataFrame(schema={"pair_id": pl.String}),
        evidence=evidence.drugs,
        wordings=wordings(interactions.lazy()),
    )


def relabel(table: pl.DataFrame, changes: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """``label/labels`` with some columns of some pairs changed, by pair id."""
    rows = [row | dict(changes.get(row["pair_id"], {})) for row in table.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=table.schema)
