"""The 11 gates by number, with what each needs to be run, and those that a published split can answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from mard.gates import leakage
from mard.gates.leakage import GateResult
from mard.schema import Protocol


class Needs(StrEnum):
    """What somebody must have to run a gate again."""

    SPLIT = "the split tables"
    RELEASE = "the licensed release (--artifacts)"
    NEIGHBOURS = "neighbours.parquet and queries.parquet of the stage retrieve"
    TRAINING = "the training stages (--artifacts)"


@dataclass(frozen=True)
class Rule:
    """A gate's number, what it demands, and what it takes to check that."""

    number: int
    demand: str
    needs: Needs


RULES: Final = {
    "pair_disjoint": Rule(1, "No pair is in two parts of a protocol, whichever way round.", Needs.SPLIT),
    "mirror_disjoint": Rule(2, "Pair ids are canonical; no pair is there in flipped form.", Needs.SPLIT),
    "drug_cold_disjoint": Rule(
        3, "No held-out drug is in a train pair; every held-out pair has an unseen drug.", Needs.SPLIT
    ),
    "pair_cold_disjoint": Rule(4, "Neither drug of a held-out pair is in a train pair.", Needs.SPLIT),
    "alias_disjoint": Rule(
        5, "No two ids of one active moiety are on both sides of the drug partition.", Needs.SPLIT
    ),
    "label_unique": Rule(6, "A pair has one label; no drug is paired with itself.", Needs.SPLIT),
    "neighbour_universe": Rule(
        7,
        "Neighbours come from the protocol's own train, are not the query and hold no held-out drug.",
        Needs.NEIGHBOURS,
    ),
    "teacher_subset_inside": Rule(
        8, "The teacher subset is in the train part of every protocol.", Needs.SPLIT
    ),
    "training_rows": Rule(
        9, "Training rows come from the teacher subset, fitted thresholds from val.", Needs.TRAINING
    ),
    "evidence_text": Rule(
        10, "No evidence holds the pair's own description or names the partner.", Needs.RELEASE
    ),
    "manifest_integrity": Rule(
        11, "Splits hold the corpus, files match their pins, every family is in every part.", Needs.SPLIT
    ),
}


@dataclass(frozen=True)
class SplitTables:
    """What a published split consists of.

    Attributes:
        splits: ``split/warm``, ``split/drug_cold`` and ``split/pair_cold``.
        partition: ``split/drug_partition``.
        subset: ``split/teacher_subset``.
        manifest: ``split/eval``.
    """

    splits: Mapping[Protocol, pl.DataFrame]
    partition: pl.DataFrame
    subset: pl.DataFrame
    manifest: pl.DataFrame

    @property
    def corpus(self) -> pl.DataFrame:
        """Every pair with its label, as the warm split holds them."""
        return self.splits[Protocol.WARM].drop("part")

    def moieties(self) -> Iterable[tuple[str, str]]:
        """(drug id, moiety) as published, for gate 5 without the release."""
        return self.partition.select("drug_id", "moiety").iter_rows()


def split_gates(
    tables: SplitTables,
    labels: pl.DataFrame,
    identities: Iterable[tuple[str, str]],
    declared_gaps: Sequence[str],
) -> list[GateResult]:
    """Gates 1 to 6, 8 and 11, except for the files' hashes.

    Args:
        tables: The split.
        labels: The corpus that it must hold: ``label/labels``, or :attr:`SplitTables.corpus`.
        identities: (drug id, identity) rows for gate 5.
        declared_gaps: ``protocol/part/family`` that are known to be absent.
    """
    splits = tables.splits
    return [
        *(leakage.pair_disjoint(split, protocol) for protocol, split in splits.items()),
        *(leakage.mirror_disjoint(split, protocol) for protocol, split in splits.items()),
        leakage.drug_cold_disjoint(splits[Protocol.DRUG_COLD], tables.partition),
        leakage.pair_cold_disjoint(splits[Protocol.PAIR_COLD]),
        leakage.alias_disjoint(tables.partition, identities),
        leakage.label_unique(labels),
        leakage.teacher_subset_inside(tables.subset, splits),
        *(
            leakage.manifest_integrity(split, protocol, labels, declared_gaps)
            for protocol, split in splits.items()
        ),
        leakage.manifest_members(tables.manifest, splits),
    ]
