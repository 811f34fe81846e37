"""The out-of-family probe: a further model's own opinion on some pairs, beside the consensus (section 7).

The teachers learn from like sources and may err alike. A model of another family is asked what they were
asked, once a pair, at temperature 0. How often it names the winner's family is reported, and read by nothing
that trains or chooses.

**Decision** the probe sees the evidence and not the winning trace: whoever is shown a conclusion is
inclined to agree with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mard.io import sha256_text
from mard.judge.consensus import Contender, family_vote
from mard.judge.qc import Tier
from mard.schema import Family, Pool
from mard.teach.backend import Draw, TeacherBackend
from mard.teach.candidate import Candidate


def slice_of(pair_ids: Iterable[str], count: int, seed: int) -> list[str]:
    """At most ``count`` pairs, drawn by hash, sorted."""
    return sorted(sorted(pair_ids, key=lambda pair_id: sha256_text(f"{seed} probe {pair_id}"))[:count])


def ask(model: TeacherBackend, pools: Iterable[Pool], seed: int) -> Iterator[Candidate]:
    """One opinion a pool, in any order.

    Raises:
        TeacherError: The model could not be reached, or refuses the set-up.
    """
    return model.answer(Draw(pool, index=0, temperature=0.0, seed=seed) for pool in pools)


def compare(winners: Mapping[str, Contender], opinions: Iterable[Candidate]) -> dict[str, Any]:
    """How often the probe's family is the winner's.

    Args:
        winners: By pair id.
        opinions: What the probe said about some of them.

    Returns:
        Counts, and ``agreement`` over the probe's readable answers: overall, by the winner's family and by
        its tier. An abstention agrees with an abstention.
    """
    asked = 0
    answered: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    for opinion in opinions:
        asked += 1
        if opinion.trace is None:
            continue
        winner = winners[opinion.pair_id]
        theirs, own = (family_vote(trace.final_answer) for trace in (opinion.trace, winner.trace))
        slices = ("all", str(winner.tier), str(own))
        answered.update(slices)
        agreed.update(slices if theirs == own else ())
    shares = {name: round(agreed[name] / count, 4) for name, count in answered.items()}
    return {
        "asked": asked,
        "answered": answered["all"],
        "agreement": shares.get("all"),
        "by_family": {name: shares[name] for name in Family if name in shares},
        "by_tier": {name: shares[name] for name in Tier if name in shares},
    }
