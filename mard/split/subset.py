"""The teacher subset and the fixed evaluation manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from mard.config import Split
from mard.schema import Part, Protocol
from mard.split.draw import TEST, TRAIN, VAL, Codes, capped, stratified_sample
from mard.split.frames import families_of, keys_of, with_part


def teacher_subset(splits: Mapping[Protocol, pl.DataFrame], params: Split) -> pl.DataFrame:
    """Pairs that the teachers annotate: inside the train part of every protocol.

    At most ``subset_cap_per_subtype`` pairs of a subtype, then a sample stratified by subtype. Where
    fewer pairs are left than asked for, train, val and test shrink alike.

    Returns:
        Table ``split/teacher_subset``, with the parts of the student's own training.
    """
    pairs = shared_train(splits)
    keys = keys_of(pairs, params.warm_seed)
    pairs = pairs.filter(pl.Series(capped(_subtypes(pairs), keys, params.subset_cap_per_subtype)))
    wanted = params.subset_train + params.subset_val + params.subset_test
    chosen = stratified_sample(_subtypes(pairs), keys_of(pairs, params.warm_seed), wanted)
    pairs = pairs.filter(pl.Series(chosen))
    return with_part(pairs, _own_parts(pairs, params, wanted))


def shared_train(splits: Mapping[Protocol, pl.DataFrame]) -> pl.DataFrame:
    """Pairs in the train part of every protocol, sorted by pair id."""
    is_train = pl.col("part") == Part.TRAIN
    first, *others = (split.lazy().filter(is_train) for split in splits.values())
    for other in others:
        first = first.join(other.select("pair_id"), on="pair_id", how="semi")
    return first.drop("part").sort("pair_id").collect()


def evaluation_manifest(
    splits: Mapping[Protocol, pl.DataFrame], sizes: Sequence[int], seed: int
) -> pl.DataFrame:
    """Fixed samples of every val and test part, stratified by family; smaller ones lie in larger ones.

    Returns:
        Table ``split/eval``: a part smaller than ``size`` is there whole.
    """
    rows = [
        _manifest(split.filter(pl.col("part") == part), sizes, seed).with_columns(
            protocol=pl.lit(str(protocol)), part=pl.lit(str(part))
        )
        for protocol, split in splits.items()
        for part in (Part.VAL, Part.TEST)
    ]
    table = pl.concat(rows).select("protocol", "part", pl.col("size").cast(pl.Int64), "pair_id")
    return table.sort("protocol", "part", "size", "pair_id")


def _manifest(pairs: pl.DataFrame, sizes: Sequence[int], seed: int) -> pl.DataFrame:
    samples = []
    for size in sorted(sizes, reverse=True):
        chosen = stratified_sample(families_of(pairs), keys_of(pairs, seed), size)
        pairs = pairs.filter(pl.Series(chosen))
        samples.append(pairs.select("pair_id", size=pl.lit(size)))
    return pl.concat(samples)


def _own_parts(pairs: pl.DataFrame, params: Split, wanted: int) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    families, keys = families_of(pairs), keys_of(pairs, params.cold_seed)
    parts = np.full(pairs.height, TRAIN, dtype=np.int8)
    for part, count in ((TEST, params.subset_test), (VAL, params.subset_val)):
        free = np.flatnonzero(parts == TRAIN)
        share = pairs.height * count // wanted
        parts[free[stratified_sample(families[free], keys[free], share)]] = part
    return parts


def _subtypes(pairs: pl.DataFrame) -> Codes:
    named = pl.concat_str("family", "subtype", separator="/")
    return pairs.select(named.rank("dense").cast(pl.Int64)).to_series().to_numpy()
