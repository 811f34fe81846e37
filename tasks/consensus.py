"""Consensus: the PRM scores what the judges passed, one trace a pair is chosen, and the audit weighs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.evidence.render import render
from mard.io import sha256_file, write_json, write_jsonl
from mard.judge.audit import Audit, audit, summarize_audits
from mard.judge.consensus import Contender, choose, poll, shortlist
from mard.judge.qc import Tier
from mard.retrieve.pools import PoolStore
from mard.teach.candidate import Candidate, read_candidates
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce

if TYPE_CHECKING:
    import polars as pl

    from mard.prm.score import Prm

Row = dict[str, Any]
Tiers = Mapping[tuple[str, str, int], Tier]
ByPair = dict[str, list[Contender]]


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write the winners, every scored candidate, the audit and the manifest."""
    from mard.prm.score import load_prm

    params = workspace.params
    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    tiers = tiers_of(contracts.read(workspace.need("judge"), "judge/verdicts"))
    limit = params.consensus.max_scored_per_pair
    shortlists = {
        pair[0].pair_id: shortlist(poll(contenders_of(pair, tiers)), limit)
        for pair in read_candidates(workspace.need("teach", "candidates"))
    }
    prm = load_prm(workspace.need("prm"), max_length=params.student.max_length, dtype=params.student.dtype)
    scored = score(prm, store, shortlists, params.consensus.score_batch_size, params.prm.epsilon)
    return _decide(workspace, store, scored, out)


def _decide(workspace: Workspace, store: PoolStore, scored: ByPair, out: Path) -> Summary:
    """Choose, audit, and write what was decided."""
    params = workspace.params
    weights = {Tier(name): weight for name, weight in asdict(params.judge.tier_weights).items()}
    winners = {pair_id: choose(found, weights) for pair_id, found in scored.items() if found}
    audits = {pair_id: audit(winner, store.pool("teacher", pair_id)) for pair_id, winner in winners.items()}
    floor = params.consensus.min_quality
    kept = {pair_id: one for pair_id, one in winners.items() if audits[pair_id].quality >= floor}
    rows = (_winner_row(store, pair_id, one, audits[pair_id], weights) for pair_id, one in kept.items())
    write_jsonl(out / "traces.jsonl", rows)
    write_jsonl(out / "scored.jsonl", (_scored_row(pair, one) for pair, own in scored.items() for one in own))
    write_json(out / "audit.json", summarize_audits(audits.values(), floor))
    manifest = _manifest(out, scored, kept)
    write_json(out / "manifest.json", manifest)
    log_run(workspace, manifest)
    return {**manifest["counts"], "tiers": manifest["tiers"]}


def tiers_of(verdicts: pl.DataFrame) -> Tiers:
    """The tier of each judged candidate, by pair, teacher and index."""
    columns = ("pair_id", "teacher", "index", "tier")
    return {
        (pair_id, teacher, index): Tier(tier)
        for pair_id, teacher, index, tier in verdicts.select(columns).iter_rows()
    }


def contenders_of(candidates: Sequence[Candidate], tiers: Tiers) -> list[Contender]:
    """The candidates of a pair that have a trace, with their tiers."""
    return [
        Contender(one.teacher, one.index, one.trace, tiers[one.pair_id, one.teacher, one.index])
        for one in candidates
        if one.trace is not None
    ]


def score(prm: Prm, store: PoolStore, shortlists: ByPair, batch_size: int, epsilon: float) -> ByPair:
    """The shortlisted traces with the PRM's step scores and Phi (Eq. 4)."""
    from mard.prm.reward import min_plus

    items = []
    for pair_id, found in shortlists.items():
        prompt = render(store.pool("teacher", pair_id), detail="brief")
        items += [(prompt, one.trace) for one in found]
    with Progress("scoring traces") as progress:
        scores = iter(prm.score(items, batch_size=batch_size, on_progress=progress))
    scored: ByPair = {}
    for pair_id, found in shortlists.items():
        steps = [tuple(round(value, 6) for value in next(scores)) for _ in found]
        scored[pair_id] = [
            replace(one, step_scores=own, phi=round(min_plus(own, epsilon), 6))
            for one, own in zip(found, steps, strict=True)
        ]
    return scored


def _scored_row(pair_id: str, one: Contender) -> Row:
    return {
        "pair_id": pair_id,
        "teacher": one.teacher,
        "index": one.index,
        "tier": str(one.tier),
        "vote_share": one.vote_share,
        "agreement": one.agreement,
        "step_scores": list(one.step_scores),
        "phi": one.phi,
        "trace": one.trace.to_dict(),
    }


def _winner_row(
    store: PoolStore, pair_id: str, one: Contender, found: Audit, weights: Mapping[Tier, float]
) -> Row:
    return {
        "pair_id": pair_id,
        "part": store.part("teacher", pair_id),
        "regime": store.regime("teacher", pair_id),
        "trace": one.trace.to_dict(),
        "tier": str(one.tier),
        "phi": one.phi,
        "step_scores": list(one.step_scores),
        "vote_share": one.vote_share,
        "quality": found.quality,
        "flags": list(found.flags),
        "weight": round(weights[one.tier] * found.quality, 6),
        "teacher": one.teacher,
    }


def _manifest(out: Path, scored: ByPair, kept: Mapping[str, Contender]) -> dict[str, Any]:
    winners = kept.values()
    return {
        "counts": {
            "pairs": len(scored),
            "winners": len(kept),
            "scored": sum(map(len, scored.values())),
            "without_passing_trace": sum(not found for found in scored.values()),
        },
        "tiers": _counted(one.tier for one in winners),
        "teachers": _counted(one.teacher for one in winners),
        "families": _counted(one.trace.final_answer.family for one in winners),
        "sha256": {name: sha256_file(out / name) for name in ("traces.jsonl", "scored.jsonl")},
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(map(str, values)).items()))


def log_run(workspace: Workspace, manifest: Mapping[str, Any]) -> None:
    """One MLflow run with the manifest's numbers."""
    from tasks.tracking import tracked

    with tracked(workspace, "consensus", workspace.params.consensus) as run:
        run.metrics(manifest["counts"])
        run.metrics({f"tier/{tier}": count for tier, count in manifest["tiers"].items()})


@task(
    name="consensus",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def consensus(workspace: Workspace) -> Summary:
    """Choose one trace a pair."""
    return reproduce("consensus", compute, workspace)
