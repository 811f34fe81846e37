"""Consensus: the PRM scores what the judges passed, one trace a pair is chosen, and the audit weighs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.errors import TeacherError
from mard.evidence.render import render
from mard.io import sha256_file, write_json, write_jsonl
from mard.judge.audit import Audit, audit, summarize_audits
from mard.judge.consensus import Contender, poll, shortlist
from mard.judge.postpass import SafetyPass
from mard.judge.probe import ask, compare, slice_of
from mard.judge.qc import Tier
from mard.judge.safety import safety_flags
from mard.retrieve.pools import PoolStore
from mard.teach.candidate import Candidate, read_candidates
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.teach import build_teacher
from tasks.versioning import reproduce

if TYPE_CHECKING:
    import polars as pl

    from mard.prm.reward import TraceScore
    from mard.prm.score import Prm

PAIRS_AT_ONCE: Final = 512

Row = dict[str, Any]
Tiers = Mapping[tuple[str, str, int], Tier]
ByPair = dict[str, list[Contender]]


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write the winners, every scored candidate, the audit and the manifest."""
    params = workspace.params
    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    weights = {Tier(name): weight for name, weight in asdict(params.judge.tier_weights).items()}
    safety = SafetyPass(params.consensus.unsafe, weights)
    winners: dict[str, Contender] = {}
    counts = Counter(pairs=0, scored=0, without_passing_trace=0)

    def scored_rows() -> Iterator[Row]:
        for pair_id, found in _scored(workspace, store):
            counts.update(pairs=1, scored=len(found), without_passing_trace=not found)
            winner = safety.winner(found) if found else None
            if winner is not None:
                winners[pair_id] = winner
            yield from (_scored_row(pair_id, one) for one in found)

    write_jsonl(out / "scored.jsonl", scored_rows())
    audits = {pair_id: audit(winner, store.pool("teacher", pair_id)) for pair_id, winner in winners.items()}
    floor = params.consensus.min_quality
    kept = {pair_id: one for pair_id, one in winners.items() if audits[pair_id].quality >= floor}
    rows = (_winner_row(store, pair_id, one, audits[pair_id], weights) for pair_id, one in kept.items())
    write_jsonl(out / "traces.jsonl", rows)
    write_json(out / "audit.json", summarize_audits(audits.values(), floor) | {"safety": safety.to_dict()})
    manifest = _manifest(out, counts, kept)
    write_json(out / "manifest.json", manifest)
    opinion = probed(workspace, store, kept)
    if opinion:
        write_json(out / "probe.json", opinion)
    log_run(workspace, manifest, opinion)
    return {**manifest["counts"], "tiers": manifest["tiers"]}


def _scored(workspace: Workspace, store: PoolStore) -> Iterator[tuple[str, list[Contender]]]:
    """Each pair's shortlist, scored; some pairs at a time, so that memory does not grow with the corpus."""
    from mard.prm.reward import trace_score
    from mard.prm.score import load_prm

    params = workspace.params
    tiers = tiers_of(contracts.read(workspace.need("judge"), "judge/verdicts"))
    prm = load_prm(workspace.need("prm"), max_length=params.student.max_length, dtype=params.student.dtype)
    phi = trace_score(params.prm.aggregate, params.prm.epsilon)
    limit, total, done = params.consensus.max_scored_per_pair, len(store.pair_ids("teacher")), 0
    pairs = read_candidates(workspace.need("teach", "candidates"))
    with Progress("scoring pairs") as progress:
        while some := list(islice(pairs, PAIRS_AT_ONCE)):
            shortlists = {
                pair[0].pair_id: shortlist(poll(contenders_of(pair, tiers)), limit) for pair in some
            }
            yield from score(prm, store, shortlists, params.consensus.score_batch_size, phi).items()
            done += len(some)
            progress(done, total)


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


def score(prm: Prm, store: PoolStore, shortlists: ByPair, batch_size: int, phi: TraceScore) -> ByPair:
    """The shortlisted traces with the PRM's step scores and Phi (Eq. 4)."""
    prompts = {pair_id: render(store.pool("teacher", pair_id), detail="brief") for pair_id in shortlists}
    items = [(prompts[pair_id], one.trace) for pair_id, found in shortlists.items() for one in found]
    scores = iter(prm.score(items, batch_size=batch_size))
    scored: ByPair = {}
    for pair_id, found in shortlists.items():
        steps = [tuple(round(value, 6) for value in next(scores)) for _ in found]
        scored[pair_id] = [
            replace(one, step_scores=own, phi=round(phi(own), 6))
            for one, own in zip(found, steps, strict=True)
        ]
    return scored


def probed(workspace: Workspace, store: PoolStore, winners: Mapping[str, Contender]) -> dict[str, Any]:
    """What a further model says about some of the pairs, or why it says nothing; empty without a probe."""
    params = workspace.params
    probe = params.consensus.probe
    if probe is None:
        return {}
    chosen = slice_of(winners, probe.pairs, params.teach.seed)
    pools = (store.pool("teacher", pair_id) for pair_id in chosen)
    try:
        found = compare(winners, ask(build_teacher(probe.model, params.teach), pools, params.teach.seed))
    except TeacherError as error:
        found = {"error": str(error)}
    return {"probe": probe.model.name, "model": probe.model.model, **found}


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
        "safety": list(safety_flags(one.trace)),
        "weight": round(weights[one.tier] * found.quality, 6),
        "teacher": one.teacher,
    }


def _manifest(out: Path, counts: Mapping[str, int], kept: Mapping[str, Contender]) -> dict[str, Any]:
    winners = kept.values()
    return {
        "counts": {**counts, "winners": len(kept)},
        "tiers": _counted(one.tier for one in winners),
        "teachers": _counted(one.teacher for one in winners),
        "families": _counted(one.trace.final_answer.family for one in winners),
        "sha256": {name: sha256_file(out / name) for name in ("traces.jsonl", "scored.jsonl")},
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(map(str, values)).items()))


def log_run(workspace: Workspace, manifest: Mapping[str, Any], opinion: Mapping[str, Any]) -> None:
    """One MLflow run with the manifest's and the probe's numbers."""
    from tasks.tracking import tracked

    with tracked(workspace, "consensus", workspace.params.consensus) as run:
        run.metrics(manifest["counts"])
        run.metrics({f"tier/{tier}": count for tier, count in manifest["tiers"].items()})
        if opinion.get("agreement") is not None:
            run.metrics({"probe/answered": opinion["answered"], "probe/agreement": opinion["agreement"]})


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
