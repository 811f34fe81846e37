"""Every way to name a drug: ids, retired ids, the primary name, synonyms and brands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Self

import polars as pl

from mard.errors import AmbiguousDrug, UnknownDrug


class AliasIndex:
    """Finds drugs by what people call them, and lists what a drug is called.

    A query is tried as an id, a retired id, a primary name, then an alias; case and spacing do not
    matter. The first of these that fits anything decides, so a drug's own name wins over the same
    word as another drug's brand.
    """

    def __init__(self, names: Mapping[str, tuple[str, ...]], retired: Mapping[str, Iterable[str]]) -> None:
        """``names``: drug id to its primary name, then its aliases. ``retired``: drug id to former ids."""
        self._names = dict(names)
        self._levels: tuple[dict[str, list[str]], ...] = (
            _inverted((drug, [drug]) for drug in names),
            _inverted(retired.items()),
            _inverted((drug, called[:1]) for drug, called in names.items()),
            _inverted((drug, called[1:]) for drug, called in names.items()),
        )

    @classmethod
    def build(cls, drugs: pl.DataFrame) -> Self:
        """From the table of drugs: drug_id, name, aliases, secondary_ids."""
        rows = drugs.select("drug_id", "name", "aliases", "secondary_ids").rows()
        return cls(
            {drug: (name, *aliases) for drug, name, aliases, _ in rows},
            {drug: former for drug, _, _, former in rows},
        )

    def names(self, drug_id: str) -> tuple[str, ...]:
        """The primary name, then the aliases.

        Raises:
            UnknownDrug: No such drug id.
        """
        if drug_id not in self._names:
            raise UnknownDrug(drug_id)
        return self._names[drug_id]

    def find(self, query: str) -> str:
        """The id of the drug that ``query`` means.

        Raises:
            UnknownDrug: Nothing fits; the message offers the nearest names.
            AmbiguousDrug: Several drugs fit equally well; the message lists them.
        """
        wanted = _key(query)
        for level in self._levels:
            found = level.get(wanted, [])
            if len(found) == 1:
                return found[0]
            if found:
                raise AmbiguousDrug(query, [f"{drug} ({self._names[drug][0]})" for drug in found])
        raise UnknownDrug(query, self._nearest(wanted))

    def _nearest(self, wanted: str) -> list[str]:
        known = {**self._levels[3], **self._levels[2]}
        drugs = [known[name][0] for name in get_close_matches(wanted, known, n=3)]
        return [f"{self._names[drug][0]} ({drug})" for drug in dict.fromkeys(drugs)]


def _inverted(named: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for drug, names in named:
        for name in names:
            holders[_key(name)].add(drug)
    return {name: sorted(drugs) for name, drugs in holders.items()}


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
