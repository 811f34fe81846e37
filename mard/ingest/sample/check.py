"""How far the sample's facts agree with a release: ``python -m mard.ingest.sample.check FILE``.

Each channel compares a fact only where the release says something comparable, so that a release
which is merely silent counts neither for nor against. The sample never takes a value from the
release it is checked with: a disagreement sends its author back to the public source.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl
from rdkit import Chem, rdBase

from mard.errors import InputError
from mard.ingest.drugbank import ReleaseTables, parse_release
from mard.ingest.sample.facts import SampleDrug, load_drugs

MAX_EXAMPLES: Final = 40
_FULL_CODE: Final = 7
_ACTIONS: Final = frozenset({"substrate", "inhibitor", "inducer"})

Link: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One fact of the sample beside what the release says; ``agrees`` is None where it says nothing."""

    fact: str
    agrees: bool | None
    release: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A release, keyed for look-ups.

    Attributes:
        names: Primary name and aliases in lower case, per drug.
        blocks: First block of the InChIKey of the structure, per drug.
        actions: Actions of a (drug, role, UniProt) link.
        targets: UniProt accessions of the targets, per drug.
    """

    names: Mapping[str, frozenset[str]]
    blocks: Mapping[str, frozenset[str]]
    atc: Mapping[str, frozenset[str]]
    actions: Mapping[Link, frozenset[str]]
    targets: Mapping[str, frozenset[str]]
    pathways: Mapping[str, frozenset[str]]


def reference(tables: ReleaseTables) -> Reference:
    """Key the tables of a release by drug."""
    drugs = list(tables.drugs.iter_rows(named=True))
    targets = tables.proteins.filter(pl.col("role") == "target")
    return Reference(
        names={row["drug_id"]: _lower([row["name"], *row["aliases"]]) for row in drugs},
        blocks={row["drug_id"]: frozenset(_blocks(row)) for row in drugs},
        atc={row["drug_id"]: frozenset(c for c in row["atc"] if len(c) == _FULL_CODE) for row in drugs},
        actions=_actions(tables.proteins),
        targets=_sets(targets, "uniprot"),
        pathways=_sets(tables.pathways, "pathway_id"),
    )


def compare(drugs: Iterable[SampleDrug], release: Reference) -> dict[str, dict[str, Any]]:
    """Per channel: facts, comparable, agree, disagreement_rate (None where nothing compares), examples."""
    known = [drug for drug in drugs if drug.drug_id in release.names]
    return {name: _summary(channel(known, release)) for name, channel in CHANNELS.items()}


def _names(drugs: list[SampleDrug], release: Reference) -> Iterator[Verdict]:
    for drug in drugs:
        yield _judge(drug, drug.name.lower(), release.names[drug.drug_id])


def _structures(drugs: list[SampleDrug], release: Reference) -> Iterator[Verdict]:
    for drug in drugs:
        if drug.inchikey:
            yield _judge(drug, _first_block(drug.inchikey), release.blocks.get(drug.drug_id))


def _atc(drugs: list[SampleDrug], release: Reference) -> Iterator[Verdict]:
    for drug in drugs:
        for code in drug.atc:
            yield _judge(drug, code, release.atc.get(drug.drug_id))


def _roles(drugs: list[SampleDrug], release: Reference) -> Iterator[Verdict]:
    for drug in drugs:
        for protein in drug.proteins:
            listed = release.actions.get((drug.drug_id, protein.role, protein.uniprot))
            for action in _ACTIONS.intersection(protein.actions) if protein.role != "target" else ():
                yield _judge(drug, action, listed, protein.gene)


def _targets(drugs: list[SampleDrug], release: Reference) -> Iterator[Verdict]:
    for drug in drugs:
        for protein in drug.proteins:
            if protein.role == "target":
                yield _judge(drug, protein.uniprot, release.targets.get(drug.drug_id))


def _pathways(drugs: list[SampleDrug], release: Reference) -> Iterator[Verdict]:
    for drug in drugs:
        for smpdb_id, _ in drug.pathways:
            yield _judge(drug, smpdb_id, release.pathways.get(drug.drug_id))


CHANNELS: Final[Mapping[str, Callable[[list[SampleDrug], Reference], Iterator[Verdict]]]] = {
    "name": _names,
    "structure": _structures,
    "atc": _atc,
    "enzymes_and_transporters": _roles,
    "targets": _targets,
    "smpdb": _pathways,
}


def _judge(drug: SampleDrug, value: str, listed: frozenset[str] | None, about: str = "") -> Verdict:
    fact = " ".join(filter(None, (drug.drug_id, drug.name, about, value)))
    return Verdict(fact, value in listed, ";".join(sorted(listed))) if listed else Verdict(fact, None)


def _summary(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    verdicts = sorted(verdicts, key=lambda verdict: verdict.fact)
    comparable = [verdict for verdict in verdicts if verdict.agrees is not None]
    wrong = [verdict for verdict in comparable if not verdict.agrees]
    return {
        "facts": len(verdicts),
        "comparable": len(comparable),
        "agree": len(comparable) - len(wrong),
        "disagreement_rate": round(len(wrong) / len(comparable), 4) if comparable else None,
        "examples": [f"{verdict.fact} <> {verdict.release}" for verdict in wrong[:MAX_EXAMPLES]],
    }


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _blocks(row: Mapping[str, Any]) -> Iterator[str]:
    molecule = Chem.MolFromSmiles(row["smiles"]) if row["smiles"] else None
    if key := Chem.MolToInchiKey(molecule) if molecule is not None else row["inchikey"]:
        yield _first_block(key)


def _first_block(inchikey: str) -> str:
    return inchikey.partition("-")[0]


def _actions(proteins: pl.DataFrame) -> dict[Link, frozenset[str]]:
    gathered: dict[Link, set[str]] = {}
    for row in proteins.iter_rows(named=True):
        link = (row["drug_id"], row["role"], row["uniprot"])
        gathered.setdefault(link, set()).update(action.lower() for action in row["actions"])
    return {link: frozenset(actions & _ACTIONS) for link, actions in gathered.items()}


def _sets(table: pl.DataFrame, column: str) -> dict[str, frozenset[str]]:
    return {
        row["drug_id"]: frozenset(row[column])
        for row in table.group_by("drug_id").agg(pl.col(column).unique()).iter_rows(named=True)
    }


def main() -> int:
    """Print the comparison with the release named on the command line as JSON."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m mard.ingest.sample.check RELEASE\n")
        return 2
    try:
        tables = parse_release(Path(sys.argv[1]))
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with rdBase.BlockLogs():
        report = compare(load_drugs(), reference(tables))
    sys.stdout.write(json.dumps(report, indent=2, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
