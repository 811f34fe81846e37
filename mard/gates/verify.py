"""Verify a certificate against the split that it is about, trusting nothing that it says.

Whoever has the published tables can hash and count them, draw the split again from the seeds and run
gates 1 to 6, 8 and 11. What cannot be found without the licensed release: labels that are wrong in every
table alike, moieties that are not those of the release's structures, and gate 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import polars as pl

from mard.config import Split
from mard.gates.certificate import DEFINITIONS, FILES, Certificate, count, digest
from mard.gates.leakage import GateResult, manifest_hashes
from mard.gates.report import to_rows
from mard.gates.suite import RULES, Needs, SplitTables, split_gates
from mard.schema import Protocol
from mard.split.cold import drug_cold_split, drug_partition, pair_cold_split
from mard.split.subset import evaluation_manifest, teacher_subset
from mard.split.warm import warm_split

ABSENT: Final = "nothing"


def check_seal(certificate: Certificate) -> list[str]:
    """Whether the certificate is the text that its digest was made of."""
    stated, found = certificate.get("sha256"), digest(certificate)
    return [] if stated == found else [f"certificate: edited; its digest says {stated}, its content {found}"]


def check_claims(certificate: Certificate) -> list[str]:
    """Whether the certificate claims a clean split of these protocols.

    What only its issuer can check ran, nothing was found, and the protocols are what their names mean here.
    """
    gates = certificate["gates"]
    ran = {row["gate"] for row in gates}
    missing = [
        f"gate {rule.number} {name}: the certificate has no result"
        for name, rule in RULES.items()
        if name not in ran and rule.needs is Needs.RELEASE
    ]
    stated = certificate["definitions"]
    reworded = [
        f"definitions, {protocol}: not what mard {version('mard')} means by it{_drawn_by(certificate)}"
        for protocol in sorted(stated.keys() | DEFINITIONS.keys())
        if stated.get(protocol) != DEFINITIONS.get(protocol)
    ]
    return (
        reworded
        + missing
        + [
            f"{_gate(row)}: the certificate itself states {row['violations']:,} violations"
            for row in gates
            if row["violations"]
        ]
    )


def check_files(certificate: Certificate, found: Mapping[str, str]) -> list[str]:
    """Whether every published file is there and is the one that was certified.

    Args:
        certificate: What is verified.
        found: SHA-256 of the files that are there, by name.
    """
    stated = certificate["files"]
    lost = [f"{name}: missing" for name in FILES if name not in found]
    changed = [
        f"{name}: SHA-256 is {found[name]}, certified {stated.get(name, ABSENT)}"
        for name in FILES
        if name in found and found[name] != stated.get(name)
    ]
    return lost + changed


def check_counts(certificate: Certificate, tables: SplitTables) -> list[str]:
    """Whether the certified counts are those of the tables."""
    stated, found = dict(_flat(certificate["counts"])), dict(_flat(count(tables)))
    return [
        f"counts, {name}: certified {stated.get(name, ABSENT)}, the tables have {found.get(name, ABSENT)}"
        for name in sorted(stated.keys() | found.keys())
        if stated.get(name) != found.get(name)
    ]


def check_draw(certificate: Certificate, tables: SplitTables) -> list[str]:
    """Whether the split is the one that its seeds and shares give.

    The corpus is taken from the split itself and the moieties from its drug partition.
    """
    drawn = _draw(tables, Split(**certificate["parameters"]))
    return [
        f"{name}: not what the certified seeds and shares give{_drawn_by(certificate)}; "
        f"{len(rows):,} rows differ, e.g. {', '.join(map(str, rows[0]))}"
        for name, (stated, again) in drawn.items()
        if (rows := _unlike(stated, again))
    ]


def check_gates(certificate: Certificate, results: Iterable[GateResult]) -> list[str]:
    """Whether gates that ran again find nothing, and what the certificate says that they found."""
    stated = {(row["gate"], row["protocol"]): row for row in certificate["gates"]}
    findings = []
    for row in to_rows(results):
        claim = stated.get((row["gate"], row["protocol"]))
        if row["violations"]:
            findings.append(f"{_gate(row)}: {row['violations']:,} violations, e.g. {row['examples'][0]}")
        if claim is None:
            findings.append(f"{_gate(row)}: the certificate has no result")
        elif claim != row:
            findings.append(f"{_gate(row)}: certified {_outcome(claim)}, found {_outcome(row)}")
    return findings


def rerun(certificate: Certificate, tables: SplitTables, found: Mapping[str, str]) -> list[GateResult]:
    """The gates that the split tables allow, on what they themselves hold."""
    gates = split_gates(tables, tables.corpus, tables.moieties(), certificate["declared_gaps"])
    return [*gates, files_gate(certificate, found)]


def files_gate(certificate: Certificate, found: Mapping[str, str]) -> GateResult:
    """Gate 11 on the hashes of the published files."""
    return manifest_hashes({name: certificate["files"].get(name, ABSENT) for name in FILES}, found)


def _drawn_by(certificate: Certificate) -> str:
    """Names the version that drew the split, where it is another one."""
    drawn_by = certificate["mard_version"]
    return "" if drawn_by == version("mard") else f" (drawn by {drawn_by})"


def _draw(tables: SplitTables, params: Split) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """Each table as it is published and as it is drawn again."""
    corpus = tables.corpus
    kin = [([moiety], None) for _, moiety in tables.moieties()]
    drugs = tables.partition.select("drug_id").hstack(
        pl.DataFrame(kin, schema={"secondary_ids": pl.List(pl.String), "inchikey": pl.String}, orient="row")
    )
    partition = drug_partition(corpus, drugs, params)
    splits = {
        Protocol.WARM: warm_split(corpus, params),
        Protocol.DRUG_COLD: drug_cold_split(corpus, partition),
        Protocol.PAIR_COLD: pair_cold_split(corpus, partition),
    }
    return {
        **{str(protocol): (tables.splits[protocol], split) for protocol, split in splits.items()},
        "drug_partition": (tables.partition, partition),
        "teacher_subset": (tables.subset, teacher_subset(splits, params)),
        "eval": (tables.manifest, evaluation_manifest(splits, params.eval_sizes, params.warm_seed)),
    }


def _unlike(stated: pl.DataFrame, again: pl.DataFrame) -> Sequence[tuple[Any, ...]]:
    if stated.equals(again):
        return []
    columns = stated.columns
    lost = stated.join(again, on=columns, how="anti", nulls_equal=True)
    added = again.join(stated, on=columns, how="anti", nulls_equal=True)
    return pl.concat([lost, added]).sort(columns).rows()


def _flat(counts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    for name, value in counts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value


def _gate(row: Mapping[str, Any]) -> str:
    rule = RULES.get(row["gate"])
    return f"gate {rule.number if rule else '?'} {row['gate']} on {row['protocol']}"


def _outcome(row: Mapping[str, Any]) -> str:
    return f"{row['violations']:,} violations in {row['checked']:,} checked"
