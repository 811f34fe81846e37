"""Random corpora, split by our own functions, that the tests of this folder share and spoil."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl

from mard.gates.certificate import FILES, Certificate, certify, hashes
from mard.gates.leakage import manifest_hashes
from mard.gates.suite import SplitTables, split_gates
from mard.schema import Family, Protocol
from mard.split.cold import drug_cold_split, drug_partition, identities, pair_cold_split
from mard.split.subset import evaluation_manifest, teacher_subset
from mard.split.warm import warm_split
from tests.corpora import corpus, drug_rows
from tests.unit.split.params import PARAMS

DRUGS = 24
GAPS = [f"{p}/{part}/{family}" for p in Protocol for part in ("val", "test") for family in Family]


class Clean:
    """A random corpus, split without a leak; drugs 1 and 2 are salts of one moiety."""

    def __init__(self, seed: int, drugs: int = DRUGS) -> None:
        self.draw = random.Random(seed)
        self.drugs = drug_rows(range(1, drugs + 1), inchikey={1: "A" * 14 + "-X-N", 2: "A" * 14 + "-Y-N"})
        self.labels = corpus(drugs, share=0.6, seed=seed)
        self.partition = drug_partition(self.labels, self.drugs, PARAMS)
        self.splits = {
            Protocol.WARM: warm_split(self.labels, PARAMS),
            Protocol.DRUG_COLD: drug_cold_split(self.labels, self.partition),
            Protocol.PAIR_COLD: pair_cold_split(self.labels, self.partition),
        }
        self.subset = teacher_subset(self.splits, PARAMS)
        self.manifest = evaluation_manifest(self.splits, PARAMS.eval_sizes, PARAMS.warm_seed)

    @property
    def tables(self) -> SplitTables:
        return SplitTables(self.splits, self.partition, self.subset, self.manifest)

    def pick(self, table: pl.DataFrame) -> pl.DataFrame:
        """One random row."""
        return table[self.draw.randrange(table.height)]

    def part(self, protocol: Protocol, part: str) -> pl.DataFrame:
        """The pairs of one part."""
        return self.splits[protocol].filter(pl.col("part") == part)

    def moved(self, protocol: Protocol, pair_id: str, part: str) -> pl.DataFrame:
        """The protocol's split with one pair in another part."""
        here = pl.col("pair_id") == pair_id
        return self.splits[protocol].with_columns(part=pl.when(here).then(pl.lit(part)).otherwise("part"))

    def publish(self, folder: Path) -> Certificate:
        """Write the split's tables and certify them."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in files(self.tables).items():
            table.write_parquet(folder / name)
        pins = hashes(folder)
        gates = split_gates(self.tables, self.labels, identities(self.drugs), GAPS)
        facts = {"release": {"version": "test"}, "taxonomy_version": "test", "declared_gaps": GAPS}
        return certify(self.tables, pins, [*gates, manifest_hashes(pins, pins)], PARAMS, facts)


def files(tables: SplitTables) -> dict[str, pl.DataFrame]:
    """The published tables by file name."""
    frames = [*tables.splits.values(), tables.partition, tables.subset, tables.manifest]
    return dict(zip(FILES, frames, strict=True))
