"""A system of its own, for the adapter: ``python tests/other_system.py SPLITS OUT.csv``.

It knows nothing of ours but the published split tables: a pair gets the family in which its two drugs
have most training pairs, and it writes every other pair the other way round. It leaves out pairs of
two drugs that it has never seen.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as pq

PROTOCOLS = ("warm", "drug_cold", "pair_cold")
FLIPPED = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}


def main(splits: Path, out: Path) -> None:
    """Read the tables, write the answers."""
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["protocol", "drug_a", "drug_b", "family", "direction", "confidence"])
        for protocol in PROTOCOLS:
            writer.writerows(answers(protocol, pq.read_table(splits / f"{protocol}.parquet").to_pylist()))


def answers(protocol: str, pairs: list[dict[str, str]]) -> list[list[object]]:
    """Rows of the file for one protocol."""
    families: dict[str, Counter[str]] = defaultdict(Counter)
    directions: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        if pair["part"] == "train":
            families[pair["drug_a"]][pair["family"]] += 1
            families[pair["drug_b"]][pair["family"]] += 1
            directions[pair["family"]][pair["direction"]] += 1
    rows: list[list[object]] = []
    for place, pair in enumerate(pair for pair in pairs if pair["part"] == "test"):
        seen = families[pair["drug_a"]] + families[pair["drug_b"]]
        if not seen:
            continue
        (family, count), *_ = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
        direction = max(sorted(directions[family]), key=directions[family].__getitem__)
        ends, share = [pair["drug_a"], pair["drug_b"]], round(count / seen.total(), 3)
        if place % 2:
            ends, direction = ends[::-1], FLIPPED.get(direction, direction)
        rows.append([protocol, *ends, family, direction, share])
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
