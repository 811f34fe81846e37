"""From kept candidates to decisions: what the stage ``infer`` and the command ``mard layers`` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from mard.gates.leakage import GateResult, training_rows
from mard.schema import Direction, Family, Label, Part, Polarity, Protocol
from tasks import contracts
from tasks.stage import Workspace

if TYPE_CHECKING:
    from mard.infer.candidates import Candidate
    from mard.infer.situation import Known, Opinion, Situation
    from mard.infer.stack import Stack
    from mard.retrieve.pools import PoolStore

Key = tuple[Protocol, Part, str]
"""Protocol, part and pair id."""

Candidates = Mapping[Key, list["Candidate"]]


@dataclass(frozen=True)
class Evidence:
    """What decisions rest on beside the candidates.

    Attributes:
        pools: The evidence pools.
        gold: The split of each protocol, whose labels only val's pairs are asked for.
        opinions: Of the structural models, by protocol and pair.
    """

    pools: PoolStore
    gold: Mapping[Protocol, pl.DataFrame]
    opinions: Mapping[tuple[str, str], Mapping[str, Opinion]]

    @classmethod
    def open(cls, workspace: Workspace) -> Evidence:
        """Read finished stages; without the stage ``baselines`` there are no opinions."""
        from mard.retrieve.pools import PoolStore

        split = workspace.need("split")
        return cls(
            PoolStore.open(workspace.need("evidence"), workspace.need("retrieve")),
            {protocol: contracts.read(split, f"split/{protocol}") for protocol in Protocol},
            _opinions(workspace),
        )

    def alone(self) -> Evidence:
        """The same without the structural models."""
        return replace(self, opinions={})

    def situation(self, key: Key, candidates: Sequence[Candidate]) -> Situation:
        """A pair before a decision."""
        from mard.infer.situation import Situation

        protocol, _, pair = key
        opinions = self.opinions.get((str(protocol), pair), {})
        return Situation(candidates, self.pools.pool(str(protocol), pair), opinions)

    @cached_property
    def labels(self) -> Mapping[tuple[Protocol, str], Label]:
        """Gold labels of val."""
        return {
            (protocol, pair): Label(Family(family), subtype, Direction(direction), Polarity(polarity))
            for protocol, table in self.gold.items()
            for pair, family, subtype, direction, polarity in table.filter(pl.col("part") == Part.VAL)
            .select("pair_id", "family", "subtype", "direction", "polarity")
            .iter_rows()
        }

    def known(self, candidates: Candidates, protocol: Protocol) -> list[Known]:
        """A protocol's val pairs with their gold labels."""
        from mard.infer.situation import Known

        return [
            Known(key[2], self.situation(key, own), self.labels[protocol, key[2]])
            for key, own in candidates.items()
            if key[:2] == (protocol, Part.VAL)
        ]

    def check(self, candidates: Iterable[Key]) -> list[GateResult]:
        """Gate 9: what the layers learn, they learn on val pairs."""
        keys = list(candidates)
        return [
            training_rows(
                f"thresholds on {protocol}",
                [pair for own, part, pair in keys if (own, part) == (protocol, Part.VAL)],
                self.gold[protocol].filter(pl.col("part") == Part.VAL),
            )
            for protocol in Protocol
        ]


def _opinions(workspace: Workspace) -> dict[tuple[str, str], dict[str, Opinion]]:
    from mard.infer.situation import Opinion

    folder = workspace.stage("baselines")
    if not folder.exists():
        return {}
    found: dict[tuple[str, str], dict[str, Opinion]] = {}
    for row in contracts.read(folder, "baselines/predictions").iter_rows(named=True):
        label = Label(
            Family(row["family"]), row["subtype"], Direction(row["direction"]), Polarity(row["polarity"])
        )
        families = {family: row[f"p_{family}"] for family in Family}
        opinion = Opinion(label, families, row["margin"])
        found.setdefault((row["protocol"], row["pair_id"]), {})[row["model"]] = opinion
    return found


Stacks = Mapping[str, "Stack"]
"""By protocol."""


def fit(evidence: Evidence, candidates: Candidates, layers: Sequence[str], target: float) -> Stacks:
    """The stack of each protocol, fitted on its val part."""
    from mard.infer.stack import fit_stack

    return {
        str(protocol): fit_stack(layers, evidence.known(candidates, protocol), target=target)
        for protocol in Protocol
    }


def flags(evidence: Evidence, candidates: Candidates) -> dict[str, list[dict[str, Any]]]:
    """The precision of each rule of the verifier on each protocol's val part."""
    from mard.infer.stack import judged_traces
    from mard.infer.verify import flag_table

    return {
        str(protocol): [
            asdict(flag) for flag in flag_table(judged_traces(evidence.known(candidates, protocol)))
        ]
        for protocol in Protocol
    }


def predictions(evidence: Evidence, candidates: Candidates, stacks: Stacks, hybrids: Stacks) -> pl.DataFrame:
    """The decisions of every layer on every pair, as the table ``infer/predictions``."""
    from mard.infer.table import answer_rows

    rows = [
        {"protocol": str(key[0]), "part": str(key[1]), "pair_id": key[2], **row}
        for key, own in candidates.items()
        for row in answer_rows(evidence.situation(key, own), stacks[str(key[0])], hybrids[str(key[0])])
    ]
    columns = contracts.TABLES["infer/predictions"].columns
    return pl.DataFrame(rows, schema={name: column.dtype.type for name, column in columns.items()})
