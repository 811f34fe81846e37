"""What the stage evaluate reads: tables of earlier stages, each once and checked against its contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from mard.errors import InputError
from mard.io import read_json, read_jsonl
from mard.schema import Part, Protocol
from tasks import contracts
from tasks.stage import Workspace


@dataclass(frozen=True)
class Inputs:
    """Tables of earlier stages, read once and checked against their contracts."""

    workspace: Workspace

    @cached_property
    def manifest(self) -> pl.DataFrame:
        """Test pairs of the evaluated size, by protocol."""
        table = contracts.read(self.workspace.need("split"), "split/eval")
        size = self.workspace.params.infer.manifest_size
        return table.filter((pl.col("part") == Part.TEST) & (pl.col("size") == size))

    @cached_property
    def splits(self) -> dict[Protocol, pl.DataFrame]:
        """All labelled pairs with their part, by protocol."""
        folder = self.workspace.need("split")
        return {protocol: contracts.read(folder, f"split/{protocol}") for protocol in Protocol}

    @cached_property
    def predictions(self) -> pl.DataFrame:
        """The student's answers on val and test pairs."""
        return contracts.read(self.workspace.need("infer"), "infer/predictions")

    @cached_property
    def drawn(self) -> pl.DataFrame:
        """``protocol``, ``pair_id`` and ``family`` of the traces that the student drew of itself."""
        rows = [
            (row["protocol"], row["pair_id"], row["trace"]["final_answer"]["family"])
            for row in self.candidates()
            if not row["proposed"]
        ]
        return pl.DataFrame(
            rows, schema=dict.fromkeys(("protocol", "pair_id", "family"), pl.String), orient="row"
        )

    @cached_property
    def neighbours(self) -> pl.DataFrame:
        """Neighbours shown, by set and pair."""
        return contracts.read(self.workspace.need("retrieve"), "retrieve/neighbours")

    @cached_property
    def probes(self) -> pl.DataFrame:
        """Answers to probes."""
        return contracts.read(self.workspace.need("probe"), "probe/answers")

    @cached_property
    def baselines(self) -> pl.DataFrame:
        """Every baseline's answers on test pairs."""
        table = contracts.read(self.workspace.need("baselines"), "baselines/predictions")
        confidence = pl.max_horizontal("^p_.*$").cast(pl.Float64)
        return table.filter(pl.col("part") == Part.TEST).with_columns(confidence=confidence)

    @cached_property
    def stack(self) -> dict[str, Any]:
        """Names of the layers and of the final one."""
        found: dict[str, Any] = read_json(self.workspace.need("infer", "stack.json"))
        return found

    @cached_property
    def drugs(self) -> pl.DataFrame:
        """Evidence by drug."""
        return contracts.read(self.workspace.need("evidence"), "evidence/drugs")

    def gold(self, protocol: Protocol) -> pl.DataFrame:
        """Labelled test pairs of a protocol's manifest, sorted.

        Raises:
            InputError: There are none.
        """
        wanted = self.manifest.filter(pl.col("protocol") == protocol).select("pair_id")
        if wanted.is_empty():
            size = self.workspace.params.infer.manifest_size
            raise InputError(
                f"split/eval.parquet has no {protocol} test pairs of size {size}; run the stage 'split' "
                "again with this infer.manifest_size, or on a larger release"
            )
        return self.splits[protocol].join(wanted, on="pair_id", how="semi").drop("part").sort("pair_id")

    def train(self, protocol: Protocol) -> pl.DataFrame:
        """A protocol's train part."""
        return self.splits[protocol].filter(pl.col("part") == Part.TRAIN)

    def test(self, protocol: Protocol) -> pl.DataFrame:
        """The student's answers to a protocol's test pairs, every layer and ordering."""
        own = (pl.col("protocol") == protocol) & (pl.col("part") == Part.TEST)
        return self.predictions.filter(own)

    def val(self, protocol: Protocol) -> pl.DataFrame:
        """The final layer's answers to a protocol's val pairs, with their true family as ``gold``."""
        chosen = (pl.col("protocol") == protocol) & (pl.col("part") == Part.VAL)
        rows = self.predictions.filter(chosen & (pl.col("layer") == self.stack["final"]))
        gold = self.splits[protocol].select("pair_id", gold="family")
        return rows.join(gold, on="pair_id", how="left").sort("pair_id")

    def candidates(self) -> Iterator[Mapping[str, Any]]:
        """The traces drawn for test pairs as they were kept, in the order of protocols and pairs."""
        for row in read_jsonl(self.workspace.need("infer", "candidates.jsonl")):
            if row["part"] == Part.TEST and row["trace"] is not None:
                yield row
