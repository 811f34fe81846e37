"""The 11 leakage gates (section 4): pure functions from tables to findings.

A gate never repairs and never raises: it counts what it looked at, counts what is wrong and shows
examples. :mod:`mard.gates.report` decides what a finding means.

Every gate reads the pairs and drugs themselves, not the rule by which a split was made, so that it
can judge a split from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import polars as pl

from mard.schema import Family, Part, Protocol

EXAMPLES: Final = 5
HELD_OUT: Final = (Part.VAL, Part.TEST)

_ORDERED: Final = pl.col("drug_a") < pl.col("drug_b")
_PAIR: Final = pl.concat_str("drug_a", "drug_b", separator="|")
_FLIPPED: Final = pl.concat_str("drug_b", "drug_a", separator="|")
_CANONICAL: Final = pl.when(_ORDERED).then(_PAIR).otherwise(_FLIPPED)
_LABEL: Final = ("pair_id", "family", "subtype", "direction", "polarity")


@dataclass(frozen=True)
class GateResult:
    """What one gate found on one protocol or table.

    Attributes:
        gate: Name of the gate, the name of its function.
        protocol: Split protocol or table that was checked.
        checked: Items looked at.
        violations: Items that break the rule.
        examples: The first few of them, readable.
    """

    gate: str
    protocol: str
    checked: int
    violations: int
    examples: tuple[str, ...]

    @classmethod
    def of(cls, gate: str, protocol: str, checked: int, *kinds: Iterable[str]) -> Self:
        """Findings of each kind sorted, kinds in the order given, causes before what follows from them."""
        listed = [finding for kind in kinds for finding in sorted(kind)]
        return cls(gate, str(protocol), checked, len(listed), tuple(listed[:EXAMPLES]))

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.violations == 0


# --- gates 1 to 6: splits and labels ------------------------------------------------------------


def pair_disjoint(split: pl.DataFrame, protocol: str) -> GateResult:
    """Gate 1: no pair is in two parts of a protocol, whichever way round it is written."""
    parts = _repeated(split).group_by("pair").agg(pl.col("part").unique().sort())
    twice = parts.filter(pl.col("part").list.len() > 1)
    found = [f"{pair} in {' and '.join(own)}" for pair, own in twice.iter_rows()]
    return GateResult.of("pair_disjoint", protocol, split.height, found)


def mirror_disjoint(split: pl.DataFrame, protocol: str) -> GateResult:
    """Gate 2: pair ids are canonical, so no pair is also there in flipped form."""
    canonical = _ORDERED & (pl.col("pair_id") == _PAIR)
    wrong = split.select("pair_id", "drug_a", "drug_b").filter(~canonical)["pair_id"]
    return GateResult.of(
        "mirror_disjoint", protocol, split.height, [f"{pair} is not canonical" for pair in wrong]
    )


def drug_cold_disjoint(split: pl.DataFrame, partition: pl.DataFrame) -> GateResult:
    """Gate 3: no held-out drug occurs in a train pair, and each held-out pair has an unseen drug."""
    held_out = partition.filter(pl.col("part").is_in(HELD_OUT))["drug_id"].implode()
    pairs = split.select("pair_id", "drug_a", "drug_b", "part")
    train = pairs.filter(pl.col("part") == Part.TRAIN)
    touching = train.filter(pl.col("drug_a").is_in(held_out) | pl.col("drug_b").is_in(held_out))
    leaks = [f"train pair {pair} holds a held-out drug" for pair in touching["pair_id"]]
    seen = _drugs_of(train)
    known = pairs.filter(
        pl.col("part").is_in(HELD_OUT) & pl.col("drug_a").is_in(seen) & pl.col("drug_b").is_in(seen)
    )
    mixed = [f"{part} pair {pair}: both drugs are in train" for pair, part in _ids_and_parts(known)]
    return GateResult.of("drug_cold_disjoint", Protocol.DRUG_COLD, split.height, leaks, mixed)


def pair_cold_disjoint(split: pl.DataFrame) -> GateResult:
    """Gate 4: neither drug of a held-out pair occurs in a train pair."""
    pairs = split.select("pair_id", "drug_a", "drug_b", "part")
    seen = _drugs_of(pairs.filter(pl.col("part") == Part.TRAIN))
    known = pairs.filter(
        pl.col("part").is_in(HELD_OUT) & (pl.col("drug_a").is_in(seen) | pl.col("drug_b").is_in(seen))
    )
    found = [f"{part} pair {pair}: a drug is in train" for pair, part in _ids_and_parts(known)]
    return GateResult.of("pair_cold_disjoint", Protocol.PAIR_COLD, split.height, found)


def alias_disjoint(partition: pl.DataFrame, identities: Iterable[tuple[str, str]]) -> GateResult:
    """Gate 5: no two ids of one active moiety lie on different sides of the drug partition.

    Args:
        partition: Table with ``drug_id`` and ``part``.
        identities: (drug id, identity) rows: InChIKey blocks, retired and secondary ids.
    """
    rows = [*identities, *((drug_id, drug_id) for drug_id in partition["drug_id"])]
    schema = {"drug_id": pl.String, "identity": pl.String}
    named = pl.DataFrame(rows, schema=schema, orient="row").join(partition, on="drug_id")
    sides = named.group_by("identity").agg(pl.col("part").n_unique(), pl.col("drug_id").unique().sort())
    split = sides.filter(pl.col("part") > 1)
    found = [
        f"{identity}: {', '.join(ids)}" for identity, ids in split.select("identity", "drug_id").iter_rows()
    ]
    return GateResult.of("alias_disjoint", "drug_partition", partition.height, found)


def label_unique(labels: pl.DataFrame) -> GateResult:
    """Gate 6: one label a pair, and no drug paired with itself."""
    selves = labels.select("pair_id", "drug_a", "drug_b").filter(pl.col("drug_a") == pl.col("drug_b"))
    counts = _repeated(labels).group_by("pair").len()
    found = [f"{pair} is a self-pair" for pair in selves["pair_id"]]
    found += [f"{pair} has {count} rows" for pair, count in counts.iter_rows()]
    return GateResult.of("label_unique", "labels", labels.height, found)


# --- gates 7 to 9: what a model is shown and trained on -----------------------------------------


def neighbour_universe(
    neighbours: pl.DataFrame, universe: pl.DataFrame, held_out: Sequence[str], protocol: str
) -> GateResult:
    """Gate 7: neighbours come from the protocol's own train, are not the query, hold no held-out drug.

    Args:
        neighbours: Rows with ``pair_id`` (the query), ``first`` and ``second``.
        universe: The protocol's train pairs, with ``pair_id``.
        held_out: Drugs that no neighbour may contain (empty for warm).
        protocol: Name of the set.
    """
    shown = neighbours.select(
        "pair_id",
        "first",
        "second",
        pl.concat_str(
            pl.min_horizontal("first", "second"), pl.max_horizontal("first", "second"), separator="|"
        ).alias("neighbour"),
    )
    reasons = {
        "is the query": pl.col("neighbour") == pl.col("pair_id"),
        "is not in train": ~pl.col("neighbour").is_in(universe["pair_id"].implode()),
        "holds a held-out drug": pl.col("first").is_in(held_out) | pl.col("second").is_in(held_out),
    }
    found = [
        f"{query}: neighbour {neighbour} {reason}"
        for reason, broken in reasons.items()
        for query, neighbour in shown.filter(broken).select("pair_id", "neighbour").iter_rows()
    ]
    return GateResult.of("neighbour_universe", protocol, neighbours.height, found)


def neighbour_regime(neighbours: pl.DataFrame, queries: pl.DataFrame, protocol: str) -> GateResult:
    """Gate 7 for training sets: neighbours touch only the drugs that the imitated protocol allows.

    Under ``pair_cold`` a neighbour contains neither drug of its query; under ``drug_cold`` at least
    one of the query's drugs is in none of its neighbours.

    Args:
        neighbours: Rows with ``pair_id``, ``first`` and ``second``.
        queries: Rows with ``pair_id``, ``drug_a``, ``drug_b`` and ``regime``.
        protocol: Name of the set.
    """
    joined = neighbours.join(queries.select("pair_id", "drug_a", "drug_b", "regime"), on="pair_id")
    touched = joined.group_by("pair_id", "regime").agg(
        *(
            ((pl.col("first") == pl.col(drug)) | (pl.col("second") == pl.col(drug))).any().alias(drug)
            for drug in ("drug_a", "drug_b")
        )
    )
    a, b, regime = pl.col("drug_a"), pl.col("drug_b"), pl.col("regime")
    broken = touched.filter(
        ((regime == Protocol.PAIR_COLD) & (a | b)) | ((regime == Protocol.DRUG_COLD) & a & b)
    )
    found = [
        f"{pair}: neighbours touch drugs that {own} hides"
        for pair, own in broken[["pair_id", "regime"]].iter_rows()
    ]
    return GateResult.of("neighbour_universe", protocol, neighbours.height, found)


def teacher_subset_inside(subset: pl.DataFrame, splits: Mapping[Protocol, pl.DataFrame]) -> GateResult:
    """Gate 8: the teacher subset lies in the train part of every protocol."""
    found = []
    for protocol, split in splits.items():
        here = _pairs_among(split, subset["pair_id"]).filter(pl.col("part") == Part.TRAIN)
        outside = subset.join(here, on="pair_id", how="anti")["pair_id"]
        found += [f"{pair} is not in train of {protocol}" for pair in outside]
    return GateResult.of("teacher_subset_inside", "teacher_subset", subset.height, found)


def training_rows(table: str, pair_ids: Sequence[str], allowed: pl.DataFrame) -> GateResult:
    """Gate 9: every row that something is trained or fitted on comes from where it may.

    Args:
        table: What is checked, such as ``sft rows`` or ``conformal thresholds on warm``.
        pair_ids: Pair id of every row.
        allowed: Table with ``pair_id``: the teacher subset for training rows, a protocol's val part
            for fitted thresholds.
    """
    rows = pl.DataFrame({"pair_id": pair_ids}, schema={"pair_id": pl.String})
    outside = rows.unique().join(allowed, on="pair_id", how="anti")["pair_id"]
    return GateResult.of("training_rows", table, rows.height, [f"{pair} may not be used" for pair in outside])


# --- gate 11: manifests ---------------------------------------------------------------------------


def manifest_integrity(
    split: pl.DataFrame, protocol: str, labels: pl.DataFrame, declared_gaps: Sequence[str]
) -> GateResult:
    """Gate 11: a split holds the corpus, no more and no less, and its held-out parts every family.

    Args:
        split: A protocol's table.
        protocol: Its name.
        labels: Table ``label/labels``.
        declared_gaps: ``protocol/part/family`` that are known to be absent.
    """
    found = [f"{pair} is missing or has another label" for pair in _without(labels, split, _LABEL)]
    found += [f"{pair} is not in the corpus" for pair in _without(split, labels, ("pair_id",))]
    present = set(split.select("part", "family").unique().iter_rows())
    found += [
        f"{gap} is absent and not declared"
        for part in HELD_OUT
        for family in Family
        if (part, family) not in present and (gap := f"{protocol}/{part}/{family}") not in declared_gaps
    ]
    return GateResult.of("manifest_integrity", protocol, split.height, found)


def manifest_hashes(pins: Mapping[str, str], actual: Mapping[str, str]) -> GateResult:
    """Gate 11: every pinned file has the hash of its pin.

    Args:
        pins: SHA-256 by file, as the manifest states it.
        actual: SHA-256 by file, as it is; a missing file is not in it.
    """
    found = [
        f"{name}: pinned {pin[:12]}, found {actual.get(name, 'nothing')[:12]}"
        for name, pin in pins.items()
        if actual.get(name) != pin
    ]
    return GateResult.of("manifest_integrity", "hashes", len(pins), found)


def manifest_members(manifest: pl.DataFrame, splits: Mapping[Protocol, pl.DataFrame]) -> GateResult:
    """Gate 11: every pair of an evaluation manifest lies in the part that it stands for."""
    parts = [
        _pairs_among(split, manifest["pair_id"]).select("pair_id", "part", protocol=pl.lit(str(protocol)))
        for protocol, split in splits.items()
    ]
    outside = manifest.join(pl.concat(parts), on=["protocol", "part", "pair_id"], how="anti")
    rows = outside.select("pair_id", "protocol", "part").iter_rows()
    found = [f"{pair} is not in {part} of {protocol}" for pair, protocol, part in rows]
    return GateResult.of("manifest_integrity", "eval", manifest.height, found)


def _repeated(pairs: pl.DataFrame) -> pl.DataFrame:
    """The rows whose pair comes more than once, either way round, with its canonical id as ``pair``.

    Rows are found by the numbers that stand for their drugs, since comparing text is slow.
    """
    a, b = (pl.col(drug).cast(pl.Categorical).to_physical().cast(pl.UInt64) for drug in ("drug_a", "drug_b"))
    keys = pairs.select(pl.when(a < b).then(a * 2**32 + b).otherwise(b * 2**32 + a)).to_series()
    ordered = keys.sort()
    again = ordered.filter(ordered.diff() == 0)
    rows = pairs.filter(keys.is_in(again.implode())) if len(again) else pairs.clear()
    return rows.with_columns(pair=_CANONICAL)


def _without(table: pl.DataFrame, other: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Ids of the pairs of a table that another does not have with the same values of some columns."""
    table, other = table.select(columns), other.select(columns)
    if table.equals(other):
        return table["pair_id"].clear()
    return table.join(other, on=columns, how="anti")["pair_id"]


def _pairs_among(split: pl.DataFrame, pair_ids: pl.Series) -> pl.DataFrame:
    """``pair_id`` and ``part`` of some pairs of a split."""
    return split.select("pair_id", "part").filter(pl.col("pair_id").is_in(pair_ids.unique().implode()))


def _drugs_of(pairs: pl.DataFrame) -> pl.Series:
    return pl.concat([pairs["drug_a"], pairs["drug_b"]]).unique().implode()


def _ids_and_parts(pairs: pl.DataFrame) -> Iterable[tuple[str, str]]:
    return pairs.select("pair_id", "part").iter_rows()
