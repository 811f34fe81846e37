"""A pool as text: the one place that decides what a model reads.

Every id is printed letter for letter as it must be cited. One line belongs to one side or to the
pair, so the rendering of a mirrored pool has the same lines with A and B swapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from mard.schema import DrugEvidence, PairEvidence, PkRole, Pool

Detail = Literal["brief", "compact", "full"]

_MASKED_IDS: Final = ("DBA", "DBB")
_MASKED_NAMES: Final = ("Drug A", "Drug B")


@dataclass(frozen=True)
class _Caps:
    """How much is shown: None is all of it, and what a cap hides is counted.

    Attributes:
        items: Length of a list.
        proteins: Proteins or pathways a role lists beside the shared ones.
        words: Length of an excerpt.
    """

    items: int | None
    proteins: int | None
    words: int | None


_CAPS: Final = {"brief": _Caps(5, 0, 12), "full": _Caps(None, None, None)}


_COMPACT: Final = _Caps(2, 0, 0)
MOST_FLAGS: Final = 6
"""Of one drug in a compact prompt."""
ATC_GROUP: Final = 3
"""Characters of an ATC code that name its therapeutic group, which is what a compact prompt shows."""


def render(pool: Pool, *, detail: Detail, masked: bool = False) -> str:
    """The pool as plain text, one fact a line.

    Args:
        pool: The pool, in the order in which the question is asked.
        detail: ``brief`` is the student's prompt: matches between the drugs first, long lists
            capped, the rest counted. ``compact`` is that of a student that starts from nothing: what a
            label follows from in half the tokens, and nothing that tells a drug from all others
            (:func:`compact_names`). ``full`` is the teacher's: everything that may be cited.
        masked: Hide names and ids, so that only evidence can carry the answer.
    """
    if detail == "compact":
        return "\n".join(_compact(pool))
    caps = _CAPS[detail]
    lines = [
        f"Drug A: {pool.a.name} {pool.a.drug_id}",
        f"Drug B: {pool.b.name} {pool.b.drug_id}",
        *_matches("A", pool.a, "B", pool.b, caps),
        *_matches("B", pool.b, "A", pool.a, caps),
        *_side("A", pool.a, pool.b, caps),
        *_side("B", pool.b, pool.a, caps),
        _similarities(pool.pair),
        *_neighbours(pool),
    ]
    text = "\n".join(lines)
    return mask(text, pool) if masked else text


def mask(text: str, pool: Pool) -> str:
    """Hide who the drugs are: names become "Drug A" and "Drug B", ids DBA and DBB, also in citations.

    Names are found in any case, on word boundaries, the longer name first. ``text`` speaks of the
    drugs in the pool's own order: flip first, mask then.
    """
    names = {pool.a.name.casefold(): _MASKED_NAMES[0], pool.b.name.casefold(): _MASKED_NAMES[1]}
    ids = {pool.a.drug_id: _MASKED_IDS[0], pool.b.drug_id: _MASKED_IDS[1]}
    text = _on_word_boundaries(ids).sub(lambda match: ids[match[0]], text)
    found = _on_word_boundaries(names)
    return re.sub(found.pattern, lambda match: names[match[0].casefold()], text, flags=re.IGNORECASE)


def with_names(text: str, a: DrugEvidence, b: DrugEvidence) -> str:
    """Put the drugs' names where a text says "Drug A" and "Drug B", to show it to a person.

    **Decision** a summary is written without names: a small student that writes one from memory can
    write a wrong one, and a reader would believe it.
    """
    return text.replace("Drug A", a.name).replace("Drug B", b.name)


def _on_word_boundaries(words: Iterable[str]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if word)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")


def _matches(
    actor: str, acting: DrugEvidence, victim: str, affected: DrugEvidence, caps: _Caps
) -> Iterator[str]:
    found = [f"{actor}:{flag} > {victim}:{substrate}" for flag, substrate in _hits(acting, affected)]
    yield from _line(f"{actor} on {victim}", found, caps.items, separator="; ")


def _hits(acting: DrugEvidence, affected: DrugEvidence) -> Iterator[tuple[str, str]]:
    """Flags of one drug that inhibits or induces what handles the other, and the other's flag."""
    for flag in acting.pk_flags:
        protein, role = flag.rsplit("_", 1)
        substrate = f"{protein}_{PkRole.SUBSTRATE}"
        if role != PkRole.SUBSTRATE and substrate in affected.pk_flags:
            yield flag, substrate


def _side(side: str, drug: DrugEvidence, other: DrugEvidence, caps: _Caps) -> Iterator[str]:
    matched = {flag for flag, _ in _hits(drug, other)} | {flag for _, flag in _hits(other, drug)}
    flags = [flag for flag in _shared_first(drug.pk_flags, other.pk_flags) if flag not in matched]
    yield from _line(f"{side} other flags" if matched else f"{side} flags", _cite(side, flags), caps.items)
    yield from _line(f"{side} ATC", _cite(f"{side}:ATC", drug.atc), caps.items)
    shared = sorted(drug.proteins & other.proteins)
    yield from _line(f"{side} shared proteins", _cite(side, shared), caps.items)
    for kind in ("targets", "enzymes", "transporters", "carriers"):
        own = [protein for protein in getattr(drug, kind) if protein not in shared]
        yield from _line(f"{side} other {kind}", _cite(side, own), caps.proteins)
    common = [pathway for pathway in drug.pathways if pathway in other.pathways]
    yield from _line(f"{side} shared pathways", _cite(side, common), caps.items)
    own = [pathway for pathway in drug.pathways if pathway not in common]
    yield from _line(f"{side} other pathways", _cite(side, own), caps.proteins)
    yield from _texts(side, drug, caps)


def compact_names(pool: Pool) -> dict[str, str]:
    """What a compact prompt calls what could identify a drug, by citation id: kind and rank, from 1.

    These are neighbours (``nbr:1``), ATC codes (``A:ATC:1``), and proteins and pathways, those of both
    drugs first (``A:protein:1``, ``A:pathway:1``).
    """
    names = {each.citation: f"nbr:{rank}" for rank, each in enumerate(pool.neighbours, start=1)}
    for side, drug, other in (("A", pool.a, pool.b), ("B", pool.b, pool.a)):
        for kind, prefix, keys in (
            ("ATC", "ATC:", drug.atc),
            ("protein", "", _shared_first(tuple(drug.proteins), tuple(other.proteins))),
            ("pathway", "", _shared_first(drug.pathways, other.pathways)),
        ):
            names |= {
                f"{side}:{prefix}{key}": f"{side}:{kind}:{rank}" for rank, key in enumerate(keys, start=1)
            }
    return names


def _compact(pool: Pool) -> Iterator[str]:
    a, b = pool.a, pool.b
    names = compact_names(pool)
    yield from _matches("A", a, "B", b, _COMPACT)
    yield from _matches("B", b, "A", a, _COMPACT)
    for side, drug, other in (("A", a, b), ("B", b, a)):
        flags = _cite(side, _shared_first(drug.pk_flags, other.pk_flags)[:MOST_FLAGS])
        codes = [f"{names[f'{side}:ATC:{code}']} {code[:ATC_GROUP]}" for code in drug.atc[: _COMPACT.items]]
        shared = [
            names[each] for each in _cite(side, sorted(drug.proteins & other.proteins)[: _COMPACT.items])
        ]
        if shown := [*flags, *codes, *shared]:
            yield " ".join(shown)
    pair = pool.pair
    yield (
        f"pair:pathway_jaccard {pair.pathway_jaccard:.1f} pair:protein_jaccard {pair.protein_jaccard:.1f} "
        f"pair:atc_depth {pair.atc_depth} pair:smiles_tanimoto {pair.smiles_tanimoto:.1f}"
    )
    for neighbour in pool.neighbours:
        label, close = neighbour.label, round(neighbour.similarity * 20) / 20
        known = "".join(
            mark
            for mark, own, drug in ((" =A", neighbour.first, a), (" =B", neighbour.second, b))
            if own == drug.drug_id
        )
        yield (
            f"{names[neighbour.citation]} {close:.2f} {label.family} {label.subtype} {label.direction} "
            f"{label.polarity}{known}"
        )


def _cite(prefix: str, keys: Iterable[str]) -> list[str]:
    return [f"{prefix}:{key}" for key in keys]


def _texts(side: str, drug: DrugEvidence, caps: _Caps) -> Iterator[str]:
    if drug.half_life_hours is not None:
        yield f"{side}:half_life {drug.half_life_hours:.3g} h"
    elif drug.half_life_text:
        yield f"{side}:half_life {_excerpt(drug.half_life_text, caps.words)}"
    if drug.moa:
        yield f"{side}:moa {_excerpt(drug.moa, caps.words)}"


def _similarities(pair: PairEvidence) -> str:
    return (
        f"pair:pathway_jaccard {pair.pathway_jaccard:.2f}, pair:protein_jaccard {pair.protein_jaccard:.2f}, "
        f"pair:atc_depth {pair.atc_depth}, pair:smiles_tanimoto {pair.smiles_tanimoto:.2f}"
    )


def _neighbours(pool: Pool) -> Iterator[str]:
    for neighbour in pool.neighbours:
        label = neighbour.label
        yield (
            f"{neighbour.citation} {neighbour.similarity:.2f} "
            f"{label.family} {label.subtype} {label.direction} {label.polarity}"
        )


def _shared_first(own: tuple[str, ...], other: tuple[str, ...]) -> list[str]:
    return sorted(own, key=lambda item: (item not in other, item))


def _line(title: str, items: list[str], cap: int | None, separator: str = " ") -> Iterator[str]:
    shown = items if cap is None else items[:cap]
    rest = len(items) - len(shown)
    if rest:
        shown = [*shown, f"+{rest}" if shown else str(rest)]
    if shown:
        yield f"{title}: {separator.join(shown)}"


def _excerpt(text: str, words: int | None) -> str:
    parts = text.split()
    return text if words is None or len(parts) <= words else " ".join(parts[:words]) + " ..."
