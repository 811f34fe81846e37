"""The tables that ingest and label make of a synthetic release, without its XML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from benchmarks.synthetic.drugs import SyntheticDrug
from benchmarks.synthetic.mechanisms import FIRST_ACTS, load_templates
from benchmarks.synthetic.world import World

_TEXTS: Final = pl.List(pl.String)
_DRUGS: Final = {
    "drug_id": pl.String,
    "name": pl.String,
    "type": pl.String,
    "groups": _TEXTS,
    "secondary_ids": _TEXTS,
    "aliases": _TEXTS,
    "smiles": pl.String,
    "inchikey": pl.String,
    "atc": _TEXTS,
    "moa": pl.String,
    "half_life": pl.String,
}
_PROTEINS: Final = {
    "drug_id": pl.String,
    "role": pl.String,
    "uniprot": pl.String,
    "gene": pl.String,
    "organism": pl.String,
    "actions": _TEXTS,
}
_PATHWAYS: Final = {"drug_id": pl.String, "pathway_id": pl.String, "source": pl.String}


@dataclass(frozen=True, slots=True)
class Corpus:
    """A synthetic release as tables, named, shaped and sorted as in ``tasks/contracts.py``.

    Attributes:
        drugs, proteins, pathways, interactions: As ingest writes them.
        labels: As label writes them.
    """

    drugs: pl.DataFrame
    proteins: pl.DataFrame
    pathways: pl.DataFrame
    interactions: pl.DataFrame
    labels: pl.DataFrame


def corpus(scale: float, seed: int = 0) -> Corpus:
    """The tables of the release that ``write_release`` writes for the same scale and seed."""
    world = World.build(scale, seed)
    return Corpus(
        drugs=_frame(map(_drug, world.drugs), _DRUGS),
        proteins=_frame((row for drug in world.drugs for row in _proteins(drug)), _PROTEINS),
        pathways=_frame(
            (
                {"drug_id": drug.drug_id, "pathway_id": pathway, "source": "smpdb"}
                for drug in world.drugs
                for pathway in sorted({pathway for pathway, _ in drug.pathways})
            ),
            _PATHWAYS,
        ),
        interactions=_interactions(world),
        labels=_labels(world),
    )


def _frame(rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema))


def _drug(drug: SyntheticDrug) -> dict[str, Any]:
    return {
        "drug_id": drug.drug_id,
        "name": drug.name,
        "type": drug.type,
        "groups": drug.groups,
        "secondary_ids": sorted(drug.retired_ids),
        "aliases": (*drug.synonyms, *drug.brands),
        "smiles": drug.smiles,
        "inchikey": drug.inchikey,
        "atc": sorted(set(drug.atc)),
        "moa": " ".join(drug.mechanism),
        "half_life": drug.half_life,
    }


def _proteins(drug: SyntheticDrug) -> Iterable[dict[str, Any]]:
    for role, protein, actions in sorted(drug.links, key=lambda link: (link[0], link[1].uniprot)):
        yield {
            "drug_id": drug.drug_id,
            "role": role,
            "uniprot": protein.uniprot,
            "gene": protein.gene,
            "organism": "Humans",
            "actions": sorted(actions),
        }


def _ends(world: World) -> list[pl.Series]:
    a, b = world.drug_ids[world.pairs.a], world.drug_ids[world.pairs.b]
    return [(a + "|" + b).alias("pair_id"), a.alias("drug_a"), b.alias("drug_b")]


def _interactions(world: World) -> pl.DataFrame:
    listings = world.listings
    told_by_b = world.pairs.b[listings.pair] == listings.owner
    frame = pl.DataFrame([column[listings.pair] for column in _ends(world)])
    return frame.with_columns(
        world.drug_ids[listings.owner].alias("listed_by"),
        world.sentences(listings.pair, told_by_b).alias("description"),
    )


def _labels(world: World) -> pl.DataFrame:
    """One label a pair; templates are in order of precedence, so the lower position wins."""
    pairs, templates = world.pairs, load_templates()
    kept = np.minimum(pairs.template, pairs.second_template)
    columns = {
        name: pl.Series([getattr(template, name) for template in templates])[kept]
        for name in ("family", "subtype", "polarity", "raw_subtype")
    }
    order = pl.Series([template.order for template in templates])[kept]
    a_acts = (order == FIRST_ACTS) == pl.Series(pairs.first_is_a)
    direction = (
        pl.when(order == "bidirectional")
        .then(pl.lit("bidirectional"))
        .when(a_acts)
        .then(pl.lit("a_to_b"))
        .otherwise(pl.lit("b_to_a"))
    )
    return (
        pl.DataFrame(_ends(world))
        .with_columns(direction.alias("direction"), **columns)
        .select("pair_id", "drug_a", "drug_b", "family", "subtype", "direction", "polarity", "raw_subtype")
        .sort("pair_id")
    )
