"""The tables that cross a stage, as pandera schemas: the one place where their columns are listed.

``write`` validates before a table is written and ``read`` after it is read, so a stage can rely on
what it gets and a broken table stops at the stage that made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
import pyarrow.parquet as pq
from pandera.errors import SchemaErrors

from mard.errors import ContractError
from mard.io import atomic_path
from mard.schema import Direction, Family, Part, Polarity, Protocol

_DRUG = r"^DB\d{5,}$"
_PAIR = r"^DB\d{5,}\|DB\d{5,}$"
_TEXTS = pl.List(pl.String)


def _drug(**options: Any) -> pa.Column:
    return pa.Column(pl.String, pa.Check.str_matches(_DRUG), **options)


def _pair(**options: Any) -> pa.Column:
    return pa.Column(pl.String, pa.Check.str_matches(_PAIR), **options)


def _choice(values: Any, **options: Any) -> pa.Column:
    return pa.Column(pl.String, pa.Check.isin([str(value) for value in values]), **options)


def _unit(number: Any = pl.Float64, **options: Any) -> pa.Column:
    return pa.Column(number, pa.Check.in_range(0, 1), **options)


def _text(**options: Any) -> pa.Column:
    return pa.Column(pl.String, **options)


def _texts() -> pa.Column:
    return pa.Column(_TEXTS)


def _count() -> pa.Column:
    return pa.Column(pl.Int64, pa.Check.ge(0))


def _canonical() -> pa.Check:
    """Ids are canonical: drug_a < drug_b and pair_id is made of the two, whose form their columns check."""
    return pa.Check(
        lambda data: data.lazyframe.select(
            (pl.col("drug_a") < pl.col("drug_b"))
            & (pl.col("pair_id") == pl.col("drug_a") + "|" + pl.col("drug_b"))
        ),
        name="canonical_pair",
        error="pair_id must be drug_a|drug_b with drug_a < drug_b",
    )


_ORDERED = (Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL)
_HELD_OUT = (Part.VAL, Part.TEST)
_KINDS = ("target", "enzyme", "transporter", "carrier")
_SETS = ("teacher", *Protocol)
_TIERS = ("full_correct", "family_correct", "abstention", "near_miss", "rejected")

_PAIR_COLUMNS = {"pair_id": _text(), "drug_a": _drug(), "drug_b": _drug()}  # for ``pairs=True`` tables
_LABEL_COLUMNS = {
    "family": _choice(Family),
    "subtype": _text(),
    "direction": _choice(_ORDERED),
    "polarity": _choice(Polarity),
}
_ANSWER_COLUMNS = {**_LABEL_COLUMNS, "direction": _choice(Direction)}


def _unique(columns: list[str]) -> pa.Check:
    """No two rows agree in these columns.

    Nearly every table is in strict order of them, which shows it in one pass without hashing the rows.
    """
    ascends = pl.lit(False)
    for column in reversed([pl.col(name) for name in columns]):
        before = column.shift(1)
        ascends = (column > before) | ((column == before) & ascends)

    def check(data: Any) -> pl.LazyFrame:
        if data.lazyframe.select(ascends.all()).collect().item():
            return data.lazyframe.select(pl.lit(True))
        return data.lazyframe.select(~pl.struct(columns).is_duplicated())

    return pa.Check(check, name="unique", error=f"{', '.join(columns)} must be unique")


def _table(columns: dict[str, pa.Column], *, unique: list[str] | None = None, pairs: bool = False) -> Any:
    checks = [*([_unique(unique)] if unique else []), *([_canonical()] if pairs else [])]
    return pa.DataFrameSchema(columns, checks=checks, strict=True)


_PROTOCOL_TABLE = _table(
    {**_PAIR_COLUMNS, **_LABEL_COLUMNS, "part": _choice(Part)}, unique=["pair_id"], pairs=True
)

TABLES: dict[str, Any] = {
    "ingest/drugs": _table(
        {
            "drug_id": _drug(unique=True),
            "name": _text(),
            "type": _text(),
            "groups": _texts(),
            "secondary_ids": _texts(),
            "aliases": _texts(),
            "smiles": _text(nullable=True),
            "inchikey": _text(nullable=True),
            "atc": _texts(),
            "moa": _text(),
            "half_life": _text(),
        }
    ),
    "ingest/proteins": _table(
        {
            "drug_id": _drug(),
            "role": _choice(_KINDS),
            "uniprot": _text(),
            "gene": _text(),
            "organism": _text(),
            "actions": _texts(),
        }
    ),
    "ingest/pathways": _table(
        {"drug_id": _drug(), "pathway_id": _text(), "source": _choice(("smpdb", "kegg"))}
    ),
    # One row a listing, in the order of the release; millions of them: see ``write_batches`` and ``batches``.
    "ingest/interactions": _table(
        {**_PAIR_COLUMNS, "listed_by": _drug(), "description": _text()}, pairs=True
    ),
    "ingest/rejected": _table(
        {"listed_by": _text(), "other": _text(), "description": _text(), "reason": _text()}
    ),
    "ingest/severity": _table({"pair_id": _pair(unique=True), "severity": _text()}),
    "label/labels": _table(
        {**_PAIR_COLUMNS, **_LABEL_COLUMNS, "raw_subtype": _text()}, unique=["pair_id"], pairs=True
    ),
    "label/templates": _table(
        {
            "template": _text(unique=True),
            "family": _choice(Family),
            "raw_subtype": _text(),
            "direction": _choice(("first_to_second", "second_to_first", "bidirectional")),
            "polarity": _choice(Polarity),
            "rows": _count(),
        }
    ),
    "label/unmatched": _table(
        {"pair_id": _pair(), "listed_by": _drug(), "description": _text(), "reason": _text()}
    ),
    "label/conflicts": _table(
        {"pair_id": _pair()}
        | {f"kept_{name}": column for name, column in _LABEL_COLUMNS.items()}
        | {f"other_{name}": column for name, column in _LABEL_COLUMNS.items()}
    ),
    "evidence/drugs": _table(
        {
            "drug_id": _drug(unique=True),
            "name": _text(),
            "pk_flags": _texts(),
            "atc": _texts(),
            "targets": _texts(),
            "enzymes": _texts(),
            "transporters": _texts(),
            "carriers": _texts(),
            "pathways": _texts(),
            "half_life_hours": pa.Column(pl.Float64, pa.Check.gt(0), nullable=True),
            "half_life_text": _text(),
            "half_life_names": _texts(),  # drugs that the half-life text names
            "moa": _texts(),  # sentences
            "moa_names": pa.Column(pl.List(_TEXTS)),  # drugs that each sentence names
            "has_structure": pa.Column(pl.Boolean),
        }
    ),
    "split/warm": _PROTOCOL_TABLE,
    "split/drug_cold": _PROTOCOL_TABLE,
    "split/pair_cold": _PROTOCOL_TABLE,
    "split/teacher_subset": _PROTOCOL_TABLE,
    "split/drug_partition": _table(
        {"drug_id": _drug(unique=True), "moiety": _text(), "part": _choice(Part), "pairs": _count()}
    ),
    "split/eval": _table(
        {
            "protocol": _choice(Protocol),
            "part": _choice((Part.VAL, Part.TEST)),
            "size": _count(),
            "pair_id": _pair(),
        },
        unique=["protocol", "part", "size", "pair_id"],
    ),
    "retrieve/queries": _table(
        {
            "set": _choice(_SETS),
            "part": _choice(Part),
            "regime": _choice(Protocol),
            **_PAIR_COLUMNS,
            "pathway_jaccard": _unit(),
            "protein_jaccard": _unit(),
            "atc_depth": pa.Column(pl.Int64, pa.Check.in_range(0, 5)),
            "smiles_tanimoto": _unit(),
        },
        unique=["set", "pair_id"],
        pairs=True,
    ),
    "retrieve/neighbours": _table(
        {
            "set": _choice(_SETS),
            "pair_id": _pair(),
            "rank": _count(),
            "first": _drug(),
            "second": _drug(),
            "similarity": _unit(),
            **_LABEL_COLUMNS,
        },
        unique=["set", "pair_id", "rank"],
    ),
    # One row a held-out pair and model. ``margin``: the most probable family's lead over the next one.
    "baselines/predictions": _table(
        {
            "protocol": _choice(Protocol),
            "part": _choice(_HELD_OUT),
            "pair_id": _pair(),
            "model": _text(),
            **_LABEL_COLUMNS,
            **{f"p_{family}": _unit(pl.Float32) for family in Family},
            "margin": _unit(),
        },
        unique=["protocol", "part", "model", "pair_id"],
    ),
    "judge/verdicts": _table(
        {
            "pair_id": _pair(),
            "teacher": _text(),
            "index": _count(),
            "tier": _choice(_TIERS),
            "failed": _texts(),
            **_ANSWER_COLUMNS,
            "abstain": pa.Column(pl.Boolean),
        },
        unique=["pair_id", "teacher", "index"],
    ),
    # One row a pair, ordering and layer, ``ba`` rows mapped back to the canonical order. ``step_mean`` is
    # the PRM's mean step score over the trace (RPC); ``claims`` are steps that argue for the family,
    # ``supported`` those of them with a grounded citation (CSA).
    "infer/predictions": _table(
        {
            "protocol": _choice(Protocol),
            "part": _choice(_HELD_OUT),
            "pair_id": _pair(),
            "ordering": _choice(("ab", "ba")),
            "layer": _text(),
            **_ANSWER_COLUMNS,
            "confidence": _unit(),
            "margin": _unit(),
            "abstain": pa.Column(pl.Boolean),
            "phi": pa.Column(pl.Float64, nullable=True),
            "step_mean": _unit(nullable=True),
            "parsed": pa.Column(pl.Boolean),
            "citations": _count(),
            "grounded": _count(),
            "claims": _count(),
            "supported": _count(),
        },
        unique=["protocol", "part", "pair_id", "ordering", "layer"],
    ),
    # The raw model's answers, one row a pair and probe. ``shown`` is the family that most of the neighbours
    # shown have, "" without neighbours.
    "probe/answers": _table(
        {
            "protocol": _choice(Protocol),
            "probe": _text(),
            "pair_id": _pair(),
            "shown": _choice(("", *Family)),
            **_ANSWER_COLUMNS,
            "confidence": _unit(),
            "abstain": pa.Column(pl.Boolean),
            "citations": _count(),
            "grounded": _count(),
            "supported": _count(),
        },
        unique=["protocol", "probe", "pair_id"],
    ),
    # Answers to test pairs beside their labels: what `mard compare` reads of a run.
    "evaluate/answers": _table(
        {
            "protocol": _choice(Protocol),
            "layer": _text(),
            "ordering": _choice(("ab", "ba")),
            **_PAIR_COLUMNS,
            **_ANSWER_COLUMNS,
            "confidence": _unit(),
            "abstain": pa.Column(pl.Boolean),
            "parsed": pa.Column(pl.Boolean),
            **{f"gold_{name}": column for name, column in _LABEL_COLUMNS.items()},
        },
        unique=["protocol", "layer", "ordering", "pair_id"],
        pairs=True,
    ),
}


def validate(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Check a table against its contract.

    Raises:
        ContractError: Names the table, the columns and the first offending values.
    """
    try:
        checked: pl.DataFrame = TABLES[name].validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        rows = cases.head(5).iter_rows(named=True)
        problems = [
            f"{row.get('column') or 'row'}: {row.get('check')} (got {row.get('failure_case')!r})"
            for row in rows
        ]
        raise ContractError(name, problems) from error
    return checked


def write(root: Path, name: str, frame: pl.DataFrame) -> Path:
    """Validate ``frame`` as ``name`` (``stage/table``) and write ``root/table.parquet`` atomically."""
    validate(name, frame)
    target = _file(root, name)
    with atomic_path(target) as partial:
        frame.write_parquet(partial, compression="zstd", statistics=False)
    return target


def write_batches(root: Path, name: str, frames: Iterable[pl.DataFrame]) -> Path:
    """Validate frames as parts of ``name`` and write them to ``root/table.parquet``, one row group each.

    Checks that span rows, such as uniqueness, see one batch at a time.
    """
    target = _file(root, name)
    ahead = iter(frames)
    first = validate(name, next(ahead)).to_arrow()
    with (
        atomic_path(target) as partial,
        pq.ParquetWriter(partial, first.schema, compression="zstd", write_statistics=False) as writer,
    ):
        writer.write_table(first)
        for frame in ahead:
            writer.write_table(validate(name, frame).to_arrow())
    return target


def batches(root: Path, name: str) -> Iterator[pl.DataFrame]:
    """Read ``root/table.parquet`` one row group at a time, each checked against its contract."""
    with pq.ParquetFile(_file(root, name)) as file:
        for group in range(file.num_row_groups):
            yield validate(name, pl.DataFrame(file.read_row_group(group)))


def scan(root: Path, name: str) -> pl.LazyFrame:
    """``root/table.parquet`` as a query that reads the rows and columns it needs, unchecked."""
    return pl.scan_parquet(_file(root, name))


def read(root: Path, name: str) -> pl.DataFrame:
    """Read ``root/table.parquet`` and check it against its contract."""
    return validate(name, pl.read_parquet(_file(root, name)))


def _file(root: Path, name: str) -> Path:
    return root / f"{name.split('/')[1]}.parquet"
