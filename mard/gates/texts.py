"""Gate 10: what pools say in free text, against the release's own sentences and the drugs' names.

The check shares no code with what keeps such text out of the pools (:mod:`mard.evidence.excerpts`), except
for how long a name must be. A few thousand different texts are shown to a million partners: which drugs a
text names is found once, and then who is shown it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from mard.evidence.excerpts import is_name
from mard.evidence.store import EvidenceStore
from mard.gates.leakage import GateResult

BATCH: Final = 200_000

_WORD: Final = re.compile(r"\w+")
_FOUND: Final = {"text": pl.String, "partner": pl.String, "name": pl.String}

NameTable = Mapping[str, Sequence[tuple[str, str, str]]]


def evidence_text(
    shown: pl.DataFrame, names: Mapping[str, Sequence[str]], descriptions: pl.DataFrame
) -> GateResult:
    """Gate 10: no evidence contains the pair's own description or names the partner.

    Args:
        shown: A row for every text of a pool: ``pair_id``, ``partner`` (who the text is not about), ``text``.
        names: Name and aliases of each drug.
        descriptions: The release's own sentences: ``pair_id`` and ``description``.
    """
    told = [f"{pair}: evidence holds the interaction's description" for pair in _told(shown, descriptions)]
    named = [f"{pair}: evidence names the partner ({name})" for pair, name in _named(shown, names)]
    return GateResult.of("evidence_text", "pools", shown.height, told, named)


def shown_texts(pairs: pl.DataFrame, store: EvidenceStore, named: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """Every text of the pools of some pairs, as :func:`evidence_text` takes it.

    Args:
        pairs: Table with ``pair_id``, ``drug_a`` and ``drug_b``.
        store: What a pool says about a drug to a partner.
        named: (drug, partner) wherever a text about the drug names the partner. All other partners
            are shown the same texts.
    """
    apart = sorted(set(named))
    usual = [(drug, text) for drug in store for text in _texts(store, drug, "")]
    special = [(drug, partner, text) for drug, partner in apart for text in _texts(store, drug, partner)]
    exceptions, to_all, to_one = (
        pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
        for rows, columns in (
            (apart, ("drug", "partner")),
            (usual, ("drug", "text")),
            (special, ("drug", "partner", "text")),
        )
    )
    shown = []
    for drug, partner in (("drug_a", "drug_b"), ("drug_b", "drug_a")):
        asked = pairs.select("pair_id", drug=drug, partner=partner)
        others = asked.join(exceptions, on=["drug", "partner"], how="anti")
        shown += [others.join(to_all, on="drug"), asked.join(to_one, on=["drug", "partner"])]
    return pl.concat([rows.select("pair_id", "partner", "text") for rows in shown])


def _texts(store: EvidenceStore, drug: str, partner: str) -> list[str]:
    evidence = store.evidence(drug, partner)
    return [text for text in (evidence.moa, evidence.half_life_text) if text]


def _told(shown: pl.DataFrame, descriptions: pl.DataFrame) -> list[str]:
    """Pair of every shown text that holds a sentence of the release about that pair."""
    texts = shown.select("text").unique().with_columns(plain=_plain("text"))
    rows = shown.with_row_index("row").join(texts, on="text").select("row", "pair_id", "plain")
    found = [rows.clear()]
    for batch in descriptions.iter_slices(BATCH):
        own = batch.select("pair_id", sentence=_plain("description")).unique()
        own = own.filter(pl.col("sentence") != "")
        holds = pl.col("plain").str.contains(pl.col("sentence"), literal=True)
        found.append(rows.join(own, on="pair_id").filter(holds).select(rows.columns))
    return pl.concat(found).unique("row")["pair_id"].to_list()


def _named(shown: pl.DataFrame, names: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Pair and the partner's name, of every shown text that names the partner."""
    table = _by_first_word(names)
    found = [(text, *drug) for text in shown["text"].unique() for drug in _drugs_in(text, table).items()]
    naming = pl.DataFrame(found, schema=_FOUND, orient="row")
    return shown.join(naming, on=["text", "partner"]).select("pair_id", "name").iter_rows()


def _by_first_word(names: Mapping[str, Sequence[str]]) -> NameTable:
    """First word to (plain form, drug, spelling) of every name that can be told apart from other words."""
    table = defaultdict(list)
    for drug, spellings in names.items():
        for spelling in filter(is_name, spellings):
            plain = " ".join(spelling.casefold().split())
            table[_WORD.findall(plain)[0]].append((plain, drug, spelling))
    return table


def _drugs_in(text: str, table: NameTable) -> dict[str, str]:
    """The drugs that a text names, each with the name that it uses."""
    plain = " ".join(text.casefold().split())
    found: dict[str, str] = {}
    for word in dict.fromkeys(_WORD.findall(plain)):
        for name, drug, spelling in table.get(word, ()):
            if name in plain and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain):
                found.setdefault(drug, spelling)
    return found


def _plain(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
