"""Probe: the raw model answers test pairs whose evidence was altered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.io import read_json, sha256_file, write_json
from mard.schema import Family, Part, Protocol
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.tracking import tracked
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mard.evaluate.probes.plan import Asked
    from mard.retrieve.pools import PoolStore


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write the answers and how many each probe asked."""
    from mard.evaluate.probes.ask import ask
    from mard.infer.answerer import load_decoder
    from mard.lm.runtime import one_thread_if_small, quiet
    from mard.retrieve.pools import PoolStore

    pools = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    with quiet():
        decoder = load_decoder(workspace.need("sft"), workspace.need("dpo", "adapter"), workspace.params)
    rows: list[dict[str, Any]] = []
    for protocol in Protocol:
        asked = list(plan(workspace, protocol, pools))
        with one_thread_if_small(decoder.model), Progress(f"probing {protocol}") as progress:
            rows += [{"protocol": str(protocol), **row} for row in ask(decoder, asked, progress)]
    columns = contracts.TABLES["probe/answers"].columns
    table = pl.DataFrame(rows, schema={name: column.dtype.type for name, column in columns.items()})
    contracts.write(out, "probe/answers", table)
    counts = table.group_by("protocol", "probe").len().sort("protocol", "probe")
    manifest = {
        "release": read_json(workspace.need("ingest", "manifest.json"))["release"],
        "asked": {f"{protocol}/{probe}": count for protocol, probe, count in counts.iter_rows()},
        "sha256": {"answers.parquet": sha256_file(out / "answers.parquet")},
    }
    write_json(out / "manifest.json", manifest)
    with tracked(workspace, "probe", workspace.params.probe) as run:
        run.metrics({"questions": table.height})
    return {"questions": table.height}


def plan(workspace: Workspace, protocol: Protocol, pools: PoolStore) -> Iterator[Asked]:
    """What is asked under a protocol: altered pairs of its test manifest, and regimens of its test pairs."""
    from mard.evaluate.probes.plan import altered, regimen_pairs

    params, size = workspace.params.probe, workspace.params.infer.manifest_size
    folder = workspace.need("split")
    manifest = contracts.read(folder, "split/eval").filter(
        (pl.col("protocol") == protocol) & (pl.col("part") == Part.TEST) & (pl.col("size") == size)
    )
    labelled = contracts.read(folder, f"split/{protocol}").join(manifest, on="pair_id", how="semi")
    families = {pair: Family(family) for pair, family in labelled.select("pair_id", "family").iter_rows()}
    pool_of = partial(pools.pool, str(protocol))
    yield from altered(sorted(families), pool_of, families, params.pairs, params.seed)
    test = pools.pair_ids(protocol, Part.TEST)
    yield from regimen_pairs(test, pool_of, params.triangles, params.seed)


@task(
    name="probe",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def probe(workspace: Workspace) -> Summary:
    """Greedy answers of the raw model to counterfactual, adversarial and masked evidence, and to regimens."""
    return reproduce("probe", compute, workspace)
