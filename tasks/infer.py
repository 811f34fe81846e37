"""Infer: candidates for val and test of each protocol, thresholds from val, decisions of every layer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.errors import InputError
from mard.gates.report import enforce, to_rows
from mard.io import read_json, read_jsonl, sha256_file, write_json, write_jsonl
from mard.schema import Part, Protocol
from tasks import contracts, decisions
from tasks.decisions import Candidates, Evidence, Stacks
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, fingerprint, worth_retrying
from tasks.tracking import tracked
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mard.infer.answerer import Answerer
    from mard.infer.candidates import Question
    from mard.retrieve.pools import PoolStore

SHARD_PAIRS: Final = 32
PROBE_PAIRS: Final = 8
HELD_OUT: Final = (Part.VAL, Part.TEST)


@dataclass(frozen=True)
class Shard:
    """Pairs of one protocol and part that are answered together, and the file that holds the answers."""

    protocol: Protocol
    part: Part
    pair_ids: tuple[str, ...]
    file: Path


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write candidates, predictions, fitted stacks, gate 9, and what the constraint changes."""
    shards = list(_shards(workspace))
    answer_all(workspace, shards)
    candidates = _read(shards)
    evidence = Evidence.open(workspace)
    gates = evidence.check(candidates)
    enforce(gates)
    infer = workspace.params.infer
    stacks, hybrids = (
        decisions.fit(heard, candidates, infer.stack, infer.target_selective_accuracy)
        for heard in (evidence.alone(), evidence)
    )
    table = decisions.predictions(evidence, candidates, stacks, hybrids)
    write_jsonl(out / "candidates.jsonl", _candidate_rows(candidates))
    contracts.write(out, "infer/predictions", table)
    write_json(out / "stack.json", _stack_file(stacks, hybrids))
    write_json(out / "gates.json", to_rows(gates))
    manifest = {
        "release": read_json(workspace.need("ingest", "manifest.json"))["release"],
        "pairs": _sizes(shards),
        "candidates": sum(map(len, candidates.values())),
        "constraint": _constraint(workspace, shards, table),
        "served": None if infer.server is None else _served(evidence, candidates),
        "flags": decisions.flags(evidence, candidates),
        "coverage": _coverage(table),
        "sha256": {name: sha256_file(out / name) for name in ("candidates.jsonl", "predictions.parquet")},
    }
    write_json(out / "manifest.json", manifest)
    _log(workspace, manifest)
    return {key: manifest[key] for key in ("pairs", "candidates", "constraint", "coverage")}


# --- answering ------------------------------------------------------------------------------------


INPUTS: Final = (
    ("split", "eval.parquet"),
    ("evidence", "drugs.parquet"),
    ("retrieve", "queries.parquet"),
    ("retrieve", "neighbours.parquet"),
    ("sft",),
    ("dpo", "adapter"),
    ("prm",),
)


def _shards(workspace: Workspace) -> Iterator[Shard]:
    """The evaluation manifests cut into shards of pairs whose prompts are about as long."""
    params = workspace.params
    inputs = [workspace.need(*parts) for parts in INPUTS]
    work = workspace.work(
        "infer", fingerprint(*inputs, params.infer, params.prm.aggregate, params.prm.epsilon)
    )
    manifest = contracts.read(workspace.need("split"), "split/eval")
    manifest = manifest.filter(pl.col("size") == params.infer.manifest_size)
    if manifest.is_empty():
        raise InputError(
            f"split/eval.parquet has no manifest of size {params.infer.manifest_size} (infer.manifest_size); "
            "run the stage 'split' again"
        )
    pools = _pools(workspace)
    for protocol in Protocol:
        for part in HELD_OUT:
            rows = manifest.filter((pl.col("protocol") == protocol) & (pl.col("part") == part))
            pairs = _by_length(pools, protocol, rows["pair_id"])
            for start in range(0, len(pairs), SHARD_PAIRS):
                file = work / f"{protocol}-{part}-{start:06d}.jsonl"
                yield Shard(protocol, part, tuple(pairs[start : start + SHARD_PAIRS]), file)


def _pools(workspace: Workspace) -> PoolStore:
    from mard.retrieve.pools import PoolStore

    return PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))


def _by_length(pools: PoolStore, protocol: Protocol, pairs: Iterable[str]) -> list[str]:
    from mard.evidence.render import render

    lengths = {pair: len(render(pools.pool(str(protocol), pair), detail="brief")) for pair in pairs}
    return sorted(lengths, key=lambda pair: (lengths[pair], pair))


@dataclass(frozen=True)
class Desk:
    """What answers shards, loaded once a process: the models and the pools."""

    answerer: Answerer
    pools: PoolStore

    @classmethod
    def open(cls, workspace: Workspace) -> Desk:
        """Read the finished stages."""
        from mard.infer.answerer import Answerer

        folders = (workspace.need("sft"), workspace.need("dpo", "adapter"), workspace.need("prm"))
        return cls(Answerer.load(*folders, workspace.params), _pools(workspace))

    def questions(self, shard: Shard) -> list[Question]:
        """The shard's pairs with their pools."""
        from mard.infer.candidates import Question

        protocol = str(shard.protocol)
        return [Question(f"{protocol}/{pair}", self.pools.pool(protocol, pair)) for pair in shard.pair_ids]

    def answer(self, shard: Shard) -> Shard:
        """Write the shard's file: the scored candidates of each pair."""
        found = self.answerer.candidates(self.questions(shard), shard.protocol)
        write_jsonl(shard.file, ([each.to_row() for each in own] for own in found))
        return shard


def answer_all(workspace: Workspace, shards: Sequence[Shard]) -> None:
    """Answer every shard that has no file yet: on a CPU one process a core, else one after another."""
    total = sum(len(shard.pair_ids) for shard in shards)
    todo = [shard for shard in shards if not shard.file.exists()]
    done = total - sum(len(shard.pair_ids) for shard in todo)
    with Progress("answering pairs") as progress:
        for shard in _answered(workspace, todo):
            done += len(shard.pair_ids)
            progress(done, total)


def _answered(workspace: Workspace, shards: Sequence[Shard]) -> Iterator[Shard]:
    import torch

    elsewhere = torch.cuda.is_available() or workspace.params.infer.server is not None
    workers = 1 if elsewhere else min(os.cpu_count() or 1, len(shards))
    if workers <= 1:
        yield from map(Desk.open(workspace).answer, shards) if shards else ()
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(workspace,)) as pool:
        for job in as_completed([pool.submit(_answer, shard) for shard in shards]):
            yield job.result()


_here: list[Desk] = []
"""The desk of a worker process."""


def _start(workspace: Workspace) -> None:
    _here.append(Desk.open(workspace))


def _answer(shard: Shard) -> Shard:
    return _here[0].answer(shard)


def _read(shards: Sequence[Shard]) -> Candidates:
    """All candidates by protocol, part and pair, sorted."""
    from mard.infer.candidates import Candidate

    found = {
        (shard.protocol, shard.part, pair): [Candidate.from_row(row) for row in rows]
        for shard in shards
        for pair, rows in zip(shard.pair_ids, read_jsonl(shard.file), strict=True)
    }
    places = {value: place for place, value in enumerate((*Protocol, *HELD_OUT))}
    return {key: found[key] for key in sorted(found, key=lambda key: (*map(places.get, key[:2]), key[2]))}


def _candidate_rows(candidates: Candidates) -> Iterator[dict[str, Any]]:
    for (protocol, part, pair), own in candidates.items():
        for each in own:
            yield {"protocol": str(protocol), "part": str(part), "pair_id": pair, **each.to_row()}


# --- what is reported -----------------------------------------------------------------------------


def _constraint(workspace: Workspace, shards: Sequence[Shard], table: pl.DataFrame) -> dict[str, Any]:
    """Parse rate and hallucination rate of the raw model as it decoded, and on a sample the other way."""
    switches = ("on", "off") if workspace.params.infer.constrained else ("off", "on")
    return dict(zip(switches, (_raw(table), probe(Desk.open(workspace), shards)), strict=True))


def _served(evidence: Evidence, candidates: Candidates) -> dict[str, int]:
    """What the server's constraint let pass, over all texts."""
    from mard.infer.candidates import Faults, faults

    pools = evidence.pools
    each = (faults(pools.pool(str(protocol), pair), own) for (protocol, _, pair), own in candidates.items())
    return asdict(sum(each, Faults()))


def _raw(table: pl.DataFrame) -> dict[str, float]:
    raw = table.filter(pl.col("layer") == "greedy")
    sums = raw.select(pl.col("parsed", "citations", "grounded").sum()).row(0)
    return _rates(raw.height, *sums)


def probe(desk: Desk, shards: Sequence[Shard]) -> dict[str, float]:
    """Greedy decoding of a few val pairs with the constraint switched the other way."""
    from mard.infer.candidates import support
    from mard.judge.case import Case

    first = {shard.protocol: shard for shard in reversed(shards) if shard.part is Part.VAL}
    questions = [question for shard in first.values() for question in desk.questions(shard)[:PROBE_PAIRS]]
    found = desk.answerer.otherwise(questions)
    cited = [
        support(each.trace, Case.of(question.pool))
        for question, own in zip(questions, found, strict=True)
        for each in own
        if each.trace is not None
    ]
    citations, grounded = sum(each.citations for each in cited), sum(each.grounded for each in cited)
    return _rates(sum(map(len, found)), len(cited), citations, grounded)


def _rates(texts: int, parsed: int, citations: int, grounded: int) -> dict[str, float]:
    """Parse rate and hallucination rate; no citation at all is no hallucination."""
    return {
        "texts": texts,
        "parse_rate": round(parsed / texts, 6),
        "hr": round(1 - grounded / citations, 6) if citations else 0.0,
    }


def _sizes(shards: Sequence[Shard]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for shard in shards:
        key = f"{shard.protocol}/{shard.part}"
        sizes[key] = sizes.get(key, 0) + len(shard.pair_ids)
    return sizes


def _stack_file(stacks: Stacks, hybrids: Stacks) -> dict[str, Any]:
    from mard.infer.table import FINAL, layer_names

    return {
        "layers": layer_names(stacks[Protocol.WARM]),
        "final": FINAL,
        "protocols": {protocol: stack.to_json() for protocol, stack in stacks.items()},
        "hybrid": {protocol: stack.to_json() for protocol, stack in hybrids.items()},
    }


def _coverage(table: pl.DataFrame) -> dict[str, float]:
    """Share of test pairs that the final layer answers, by protocol."""
    final = table.filter((pl.col("layer") == "stack") & (pl.col("part") == Part.TEST))
    rows = final.group_by("protocol").agg((~pl.col("abstain")).mean()).sort("protocol").iter_rows()
    return {protocol: round(share, 6) for protocol, share in rows}


def _log(workspace: Workspace, manifest: Mapping[str, Any]) -> None:
    metrics = {f"coverage.{protocol}": share for protocol, share in manifest["coverage"].items()}
    for switch, rates in manifest["constraint"].items():
        metrics |= {f"{name}.constraint_{switch}": rate for name, rate in rates.items()}
    with tracked(workspace, "infer", workspace.params.infer) as run:
        run.metrics(metrics)


@task(
    name="infer",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def infer(workspace: Workspace) -> Summary:
    """Constrained candidates of every evaluation pair, and what each layer of the stack decides."""
    return reproduce("infer", compute, workspace)
