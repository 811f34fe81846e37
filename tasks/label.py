"""Label: interaction sentences to one label a pair, under the fixed vocabulary.

Where too many sentences fit no rule, the stage leaves no folder; they are in ``artifacts/label.failed``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.errors import GateFailure
from mard.io import read_json, write_json
from mard.label.drift import taxonomy_drift
from mard.label.labelling import LabelTables, label_interactions
from mard.label.taxonomy import Taxonomy, load_taxonomy
from tasks import contracts
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce

EXAMPLES: Final = 3


def compute(workspace: Workspace, out: Path) -> Summary:
    """Label every pair; stop where too many descriptions fit no template."""
    interactions = contracts.batches(workspace.need("ingest"), "ingest/interactions")
    drugs = contracts.read(workspace.need("ingest"), "ingest/drugs")
    taxonomy = load_taxonomy()
    tables = label_interactions(interactions, drugs, taxonomy)
    contracts.write(out, "label/labels", tables.labels)
    contracts.write(out, "label/templates", tables.templates)
    contracts.write(out, "label/unmatched", tables.unmatched)
    contracts.write(out, "label/conflicts", tables.conflicts)
    manifest = _manifest(tables, taxonomy)
    release = read_json(workspace.need("ingest", "manifest.json"))["release"]
    write_json(out / "manifest.json", {"release": release, **manifest})
    _check_unmatched(tables, workspace.params.label.max_unmatched_share)
    return manifest["counts"]


def _check_unmatched(tables: LabelTables, allowed: float) -> None:
    """The quality gate of this stage.

    Raises:
        GateFailure: More than the allowed share of listings has no label.
    """
    unmatched, listings = tables.unmatched, tables.listings
    if unmatched.height <= allowed * listings:
        return
    examples = [
        f"{row['pair_id']} ({row['reason']}: {row['description']!r})"
        for row in unmatched.unique("description", keep="first", maintain_order=True)
        .head(EXAMPLES)
        .iter_rows(named=True)
    ]
    share = f"{unmatched.height / listings:.2%} of {listings} listings, {allowed:.2%} allowed"
    raise GateFailure("unmatched_share", f"label/unmatched ({share})", unmatched.height, examples)


def _manifest(tables: LabelTables, taxonomy: Taxonomy) -> dict[str, Any]:
    pairs = tables.labels.height
    families = tables.labels["family"].value_counts().sort("family").rows()
    reasons = tables.unmatched["reason"].value_counts().sort("reason").rows()
    return {
        "taxonomy_version": taxonomy.version,
        "counts": {
            "listings": tables.listings,
            "pairs": pairs,
            "templates": tables.templates.height,
            "unmatched": tables.unmatched.height,
            "conflicts": tables.conflicts["pair_id"].n_unique(),
            **{f"unmatched_{reason}": count for reason, count in reasons},
        },
        "shares": {
            "unmatched": round(tables.unmatched.height / max(tables.listings, 1), 6),
            "conflicts": round(tables.conflicts["pair_id"].n_unique() / max(pairs, 1), 6),
            **{f"family_{family}": round(count / pairs, 6) for family, count in families},
        },
        "families": dict(families),
        "drift": taxonomy_drift(tables.labels, taxonomy),
    }


@task(
    name="label", retries=1, retry_delay_seconds=2, retry_condition_fn=worth_retrying, cache_policy=NO_CACHE
)
def label(workspace: Workspace) -> Summary:
    """Descriptions to (family, subtype, direction, polarity) (method, section 2)."""
    return reproduce("label", compute, workspace)
