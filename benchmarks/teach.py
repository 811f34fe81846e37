"""Generation through an endpoint against the rate that its latency and concurrency allow.

A loopback server of its own process answers every request after a fixed time. The ideal rate is concurrency
over latency; the latency is the server's own, so that connections, prompts, schemas, parsing and the
ledger all count against us. ``scale`` 1 is 100,000 candidates.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from mard.label.taxonomy import load_taxonomy
from mard.schema import (
    Direction,
    DrugEvidence,
    Family,
    FinalAnswer,
    PairEvidence,
    Polarity,
    Pool,
    Step,
    StepRole,
    Trace,
)
from mard.teach.candidate import Candidate
from mard.teach.channel import Endpoint
from mard.teach.client import EndpointTeacher
from mard.teach.expense import Expense
from mard.teach.generate import Plan, cut, digests, generate
from mard.teach.ledger import Ledger
from mard.teach.schedule import temperatures

DEFAULT_SCALE = 0.02
FULL: Final = 100_000
CANDIDATES: Final = 24
CONCURRENCY: Final = 64
LATENCY_S: Final = 0.5


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """The rate reached over the ideal one, and how memory grew from the first tenth to the end."""
    pairs = [f"DB00001|DB{number:05d}" for number in range(2, 2 + max(8, round(scale * FULL / CANDIDATES)))]
    plan = Plan(cut(pairs, 64), temperatures(0.3, 1.0, CANDIDATES), seed=45)
    watch = _Watch(plan.candidates // 10)
    with tempfile.TemporaryDirectory() as folder, _server() as url:
        endpoint = Endpoint("served", url, "tiny", None, CONCURRENCY, top_p=0.9, max_tokens=512)
        teacher = EndpointTeacher(endpoint, load_taxonomy())
        digest_of = digests(plan, _pool, {"served": {}})["served"]
        started = time.perf_counter()
        generate(teacher, plan, _pool, Ledger(Path(folder)), digest_of, Expense(), watch)
    rate = watch.seen / (watch.last - started)
    ideal = CONCURRENCY / LATENCY_S
    details = {
        "candidates": watch.seen,
        "concurrency": CONCURRENCY,
        "latency_s": LATENCY_S,
        "candidates_per_second": round(rate, 1),
        "ideal_per_second": ideal,
        "peak_mb_after_a_tenth": watch.peak_mb,
        "peak_mb_at_the_end": _peak_mb(),
    }
    return {"rate_vs_ideal": rate / ideal}, details


@dataclass
class _Watch:
    """Counts candidates; keeps the peak of memory after the first ``tenth`` of them."""

    tenth: int
    seen: int = 0
    last: float = 0.0
    peak_mb: float = 0.0

    def __call__(self, _: Candidate) -> None:
        self.seen, self.last = self.seen + 1, time.perf_counter()
        if self.seen == self.tenth:
            self.peak_mb = _peak_mb()


def _pool(pair_id: str) -> Pool:
    a, b = pair_id.split("|")
    flags, atc = ("cyp3a4_inh", "cyp2c19_sub"), ("J02AC03",)
    return Pool(
        DrugEvidence(a, f"Drug {a}", flags, atc), DrugEvidence(b, f"Drug {b}"), PairEvidence(0, 0, 0, 0)
    )


def _reply() -> bytes:
    step = Step(1, StepRole.PK_FLAG, "Drug A inhibits CYP3A4.", ("A:cyp3a4_inh",))
    steps = (step, Step(2, StepRole.PK_FLAG, "Drug A inhibits CYP3A4.", ("A:cyp3a4_inh",)))
    last = Step(3, StepRole.CONCLUSION, "Drug A slows the metabolism of Drug B.", ("A:cyp3a4_inh",))
    answer = FinalAnswer(
        Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN, confidence=0.8, abstain=False
    )
    text = Trace((*steps, last), "Drug A slows the metabolism of Drug B.", answer).to_json()
    usage = {"prompt_tokens": 1_000, "completion_tokens": 150}
    body = json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def _server() -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection) -> None:
    asyncio.run(_listen(parent, _reply()))


async def _listen(parent: Connection, reply: bytes) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
                )
                await reader.readexactly(int(length.split(b":")[1]))
                await asyncio.sleep(LATENCY_S)
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    parent.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
