"""The certificate of a split: what it is, what it holds, and what every gate found.

A certificate is JSON that anybody can read and re-check. It carries the SHA-256 of its own content, which
shows that it is the text that was once published, if the digest was published elsewhere, and finds every
later slip of an editor. The digest does not show who wrote it nor that it is true: for that,
:mod:`mard.gates.verify` draws the split again and runs the gates again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import jsonschema
import polars as pl

from mard.config import Split
from mard.errors import InputError
from mard.gates.leakage import GateResult
from mard.gates.report import to_rows
from mard.gates.suite import RULES, SplitTables
from mard.io import read_json, sha256_file, sha256_text
from mard.schema import Protocol
from mard.validation import build

KIND: Final = "MARD split"
FORMAT: Final = 1
FILES: Final = tuple(
    f"{name}.parquet" for name in (*map(str, Protocol), "drug_partition", "teacher_subset", "eval")
)
"""The files of a published split: ids and labels only, no licensed text."""

DEFINITIONS: Final = {
    Protocol.WARM: "Pairs are shuffled, stratified by family. Both drugs of a test pair may be known.",
    Protocol.DRUG_COLD: "Drugs are partitioned, whole moieties at a time, stratified by their number of "
    "pairs. A pair is test if either drug is a test drug, else val if either is a val drug, else train.",
    Protocol.PAIR_COLD: "The same drug partition. A pair belongs to the part that both its drugs are in; "
    "mixed pairs are set aside.",
}

MAX_MESSAGE: Final = 120

Certificate = dict[str, Any]

_COUNTS: Final = {
    "additionalProperties": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/counts"}]},
    "type": "object",
}
_ROW: Final = {
    "type": "object",
    "properties": {
        "gate": {"type": "string"},
        "protocol": {"type": "string"},
        "checked": {"type": "integer"},
        "violations": {"type": "integer"},
        "examples": {"type": "array", "items": {"type": "string"}},
    },
    "required": [field.name for field in fields(GateResult)],
}
_SEED: Final = {"type": "integer", "minimum": 0, "maximum": 2**64 - 1}
_PARAMETERS: Final = {
    "type": "object",
    "properties": {
        "warm_seed": _SEED,
        "cold_seed": _SEED,
        "eval_sizes": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
    },
}
_SCHEMA: Final[dict[str, Any]] = {
    "$defs": {"counts": _COUNTS},
    "type": "object",
    "properties": {
        "certificate": {"const": KIND},
        "format": {"const": FORMAT},
        "mard_version": {"type": "string"},
        "release": {"type": "object"},
        "taxonomy_version": {"type": "string"},
        "declared_gaps": {"type": "array", "items": {"type": "string"}},
        "definitions": {"type": "object"},
        "parameters": _PARAMETERS,
        "counts": {"$ref": "#/$defs/counts"},
        "files": {"type": "object", "additionalProperties": {"type": "string"}},
        "gates": {"type": "array", "items": _ROW},
        "sha256": {"type": "string"},
    },
}


def certify(
    tables: SplitTables,
    files: Mapping[str, str],
    gates: Iterable[GateResult],
    params: Split,
    facts: Mapping[str, Any],
) -> Certificate:
    """Write down a split and what its gates found.

    Args:
        tables: The split.
        files: SHA-256 of each published file by name.
        gates: Results of the gates that ran.
        params: How the split was drawn.
        facts: ``release``, ``taxonomy_version`` and ``declared_gaps``.
    """
    content = {
        "certificate": KIND,
        "format": FORMAT,
        "mard_version": version("mard"),
        **facts,
        "definitions": {str(protocol): text for protocol, text in DEFINITIONS.items()},
        "parameters": asdict(params),
        "counts": count(tables),
        "files": dict(files),
        "gates": to_rows(gates),
    }
    return seal(content)


def extended(certificate: Certificate, gates: Iterable[Mapping[str, Any]]) -> Certificate:
    """A certificate with the findings of gates that ran later."""
    return seal({**certificate, "gates": [*certificate["gates"], *gates]})


def seal(content: Mapping[str, Any]) -> Certificate:
    """The content with its digest."""
    return {**content, "sha256": digest(content)}


def digest(certificate: Mapping[str, Any]) -> str:
    """SHA-256 of a certificate's canonical JSON (sorted keys, no spaces, UTF-8) without its own digest."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    canonical = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return sha256_text(canonical)


def read_certificate(path: Path) -> Certificate:
    """Read a certificate.

    Raises:
        InputError: It is missing, is not JSON or is no certificate of this format.
    """
    found: Certificate = read_json(path)
    try:
        jsonschema.validate(found, {**_SCHEMA, "required": list(_SCHEMA["properties"])})
    except jsonschema.ValidationError as error:
        place = "/".join(map(str, error.absolute_path)) or "the whole"
        problem = error.message if len(error.message) <= MAX_MESSAGE else error.validator
        raise InputError(f"{path}: not a split certificate of format {FORMAT}: {place}: {problem}") from error
    faults: list[str] = []
    build(Split, found["parameters"], faults, "parameters")
    if faults:
        raise InputError(f"{path}: not a split certificate of format {FORMAT}: {'; '.join(faults)}")
    try:
        digest(found)
    except ValueError as error:
        raise InputError(f"{path}: holds a number that JSON does not have ({error})") from error
    return found


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of the published files in a folder; those that are missing are left out."""
    return {name: sha256_file(folder / name) for name in FILES if (folder / name).is_file()}


def count(tables: SplitTables) -> dict[str, Any]:
    """Pairs by protocol, part and family; drugs, moieties, subset and manifests by part."""
    partition = tables.partition
    return {
        "pairs": tables.corpus.height,
        "protocols": {
            str(protocol): _nested(split, ("part", "family")) for protocol, split in tables.splits.items()
        },
        "drugs": _nested(partition, ("part",)),
        "moieties": _nested(partition.select("moiety", "part").unique(), ("part",)),
        "teacher_subset": _nested(tables.subset, ("part", "family")),
        "eval": _nested(tables.manifest, ("protocol", "part", "size")),
    }


def passed(gates: Sequence[Mapping[str, Any]]) -> dict[str, bool | None]:
    """Whether each of the 11 gates found nothing; None for a gate that did not run."""
    found: dict[str, list[int]] = {name: [] for name in RULES}
    for row in gates:
        found.setdefault(row["gate"], []).append(row["violations"])
    return {name: not any(violations) if violations else None for name, violations in found.items()}


def _nested(table: pl.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """Row counts by the values of some columns, one level of keys a column."""
    counts: dict[str, Any] = {}
    for *keys, last, rows in table.group_by(columns).len().sort(columns).iter_rows():
        level = counts
        for key in keys:
            level = level.setdefault(str(key), {})
        level[str(last)] = rows
    return counts
