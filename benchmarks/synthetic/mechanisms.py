"""The sentences that a release tells interactions in, with the frequencies of a real one."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mard.label.labelling import FAMILY_PRECEDENCE
from mard.label.taxonomy import load_taxonomy
from mard.schema import Family

REAL_TEMPLATES: Final = Path(__file__).parents[2] / "tests" / "unit" / "label" / "templates.tsv"

FIRST_ACTS: Final = "first_to_second"
SECOND_ACTS: Final = "second_to_first"


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence, its label, and its pairs in a real release.

    It reads head, first name, [echo, first name,] middle, second name, tail; most have no echo.
    """

    head: str
    echo: str
    middle: str
    tail: str
    family: str
    raw_subtype: str
    subtype: str
    order: str
    polarity: str
    pairs: int

    @property
    def precedence(self) -> tuple[int, bool, int, str]:
        """Of two sentences about one pair, the lower one gives the label (method, section 2)."""
        misc = self.subtype.startswith("misc_")
        reference = load_taxonomy().reference_pairs(self.subtype)
        return FAMILY_PRECEDENCE.index(Family(self.family)), misc, reference, self.subtype


@cache
def load_templates() -> tuple[Template, ...]:
    """The templates that the release of April 2026 uses, in order of precedence."""
    with REAL_TEMPLATES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = [_template(row) for row in rows if int(row["pairs_2026_04"])]
    return tuple(sorted(found, key=lambda template: template.precedence))


def _template(row: dict[str, str]) -> Template:
    begin, tail = row["template"].split("{second}")
    head, *echo, middle = begin.split("{first}")
    return Template(
        head=head,
        echo="".join(echo),
        middle=middle,
        tail=tail,
        family=row["family"],
        raw_subtype=row["subtype"],
        subtype=load_taxonomy().collapse(Family(row["family"]), row["subtype"]),
        order=row["direction"],
        polarity=row["polarity"],
        pairs=int(row["pairs_2026_04"]),
    )


def quotas(count: int) -> npt.NDArray[np.int64]:
    """How many of ``count`` pairs each template tells: the real shares, by largest remainder."""
    exact = np.array([template.pairs for template in load_templates()], dtype=np.int64) * count
    total = sum(template.pairs for template in load_templates())
    found = exact // total
    by_remainder = np.argsort(-(exact % total), kind="stable")
    found[by_remainder[: count - int(found.sum())]] += 1
    return found
