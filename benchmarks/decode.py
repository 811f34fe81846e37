"""What the constraint costs in decoding, and what sharing prompts saves.

The same traces are decoded three times, in turns: under the constraint, without it, and under it with no
prompt shared. So that all three write the same tokens, each token is chosen as usual and then overruled
by a trace that a symbolic teacher wrote beforehand; what is timed are the model, the masks and the
choices. The student is that of ``params.yaml`` with random weights; times are the process's own.
``scale`` 1 is 1,000 pairs, six traces each.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from statistics import median
from typing import Any, Final

from mard.config import load_params
from mard.evidence.pk_flags import PROTEINS, protein_name
from mard.infer import decode
from mard.infer.decode import Decoder, Request
from mard.infer.grammar import Limits
from mard.label.taxonomy import load_taxonomy
from mard.lm.checkpoint import build_model
from mard.lm.prompt import build_prompt
from mard.lm.runtime import one_thread_if_small
from mard.lm.tokenizer import token_ids, trace_pieces, train_tokenizer
from mard.schema import (
    Direction,
    DrugEvidence,
    Family,
    Label,
    Neighbour,
    PairEvidence,
    PkRole,
    Polarity,
    Pool,
)
from mard.teach.backend import Draw
from mard.teach.symbolic.teacher import SymbolicTeacher
from tasks.stage import PARAMS

DEFAULT_SCALE = 0.02
FULL: Final = 1000
TRACES: Final = 6
ROUNDS: Final = 3

Scripts = Mapping[str, list[int]]


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Time under the constraint over time without it, and over time with shared prompts, medians."""
    pools = [_pool(number) for number in range(max(2, round(scale * FULL)))]
    texts = {str(pool.pair_id): _traces(pool) for pool in pools}
    decoder, shared, scripts = _asked(pools, texts)
    apart = [replace(each, prompt=f"{each.prompt}{number:06}") for number, each in enumerate(shared)]
    runs = {"constrained": (shared, True), "unconstrained": (shared, False), "apart": (apart, True)}
    taken: dict[str, list[float]] = {name: [] for name in runs}
    with _scripted(scripts), one_thread_if_small(decoder.model):
        for _ in range(ROUNDS + 1):
            for name, (requests, constrained) in runs.items():
                started = time.process_time()
                written = decoder.generate(requests, constrained=constrained)
                taken[name].append(time.process_time() - started)
                assert written == [text for own in texts.values() for text in own]
    times = {name: own[1:] for name, own in taken.items()}  # the first round fills the masks
    tokens = sum(map(len, scripts.values()))
    details = {
        "traces": len(shared),
        "tokens": tokens,
        "parameters": sum(weight.numel() for weight in decoder.model.parameters()),
        "batch_size": decoder.batch_size,
        "tokens_per_second": round(tokens / median(times["constrained"])),
        "tokens_per_second_unconstrained": round(tokens / median(times["unconstrained"])),
        "first_round_overhead": round(taken["constrained"][0] / taken["unconstrained"][0], 3),
    }
    ratios = {
        "constraint_overhead": _ratio(times["constrained"], times["unconstrained"]),
        "prefix_sharing_gain": _ratio(times["apart"], times["constrained"]),
    }
    return ratios, details


def _ratio(own: Sequence[float], reference: Sequence[float]) -> float:
    return round(median(a / b for a, b in zip(own, reference, strict=True)), 3)


@contextmanager
def _scripted(scripts: Scripts) -> Iterator[None]:
    """Decoding that writes what is given, whatever it has chosen."""
    usual = decode._append

    def overruled(row: Any, _token: int, end: int) -> None:
        script = scripts[row.request.name]
        place = len(row.tokens)
        usual(row, script[place] if place < len(script) else end, end)

    decode._append = overruled
    try:
        yield
    finally:
        decode._append = usual


def _asked(pools: Sequence[Pool], texts: Mapping[str, list[str]]) -> tuple[Decoder, list[Request], Scripts]:
    """The decoder, six requests a pool, and the tokens that each is to write."""
    params = load_params(PARAMS)
    architecture = params.student.architecture
    assert architecture is not None
    pieces = trace_pieces(load_taxonomy().names)
    corpus = [text for own in texts.values() for text in own]
    bare = train_tokenizer(corpus, architecture.vocab_size, pieces)
    prompts = [build_prompt(bare, pool) for pool in pools]
    tokenizer = train_tokenizer([*prompts, *corpus], architecture.vocab_size, pieces)
    decoder = Decoder(
        model=build_model(architecture, tokenizer, max_length=2048, seed=0),
        tokenizer=tokenizer,
        limits=Limits(params.judge.max_claim_words, params.judge.max_summary_words),
        batch_size=params.infer.batch_size,
        max_new_tokens=1024,
        max_length=2048,
        top_p=params.infer.top_p,
        seed=0,
    )
    requests, scripts = [], {}
    for pool, prompt in zip(pools, prompts, strict=True):
        for number, text in enumerate(texts[str(pool.pair_id)]):
            name = f"{pool.pair_id}/{number}"
            requests.append(Request(pool, prompt, params.infer.temperature, name))
            scripts[name] = token_ids(tokenizer, text)
    return decoder, requests, scripts


def _traces(pool: Pool) -> list[str]:
    teacher = SymbolicTeacher("pk_first", top_p=0.9)
    draws = [Draw(pool, index, 0.7, seed=index) for index in range(TRACES)]
    return [each.trace.to_json() for each in teacher.answer(draws) if each.trace is not None]


def _pool(number: int) -> Pool:
    """A pool as large as a real one, drawn at random."""
    random = Random(number)
    a, b = (_drug(f"DB{2 * number + side:05}", random) for side in (1, 2))
    neighbours = tuple(
        Neighbour(f"DB1{n:04}", f"DB2{n:04}", round(0.9 - n / 20, 2), _label(random)) for n in range(5)
    )
    return Pool(a, b, PairEvidence(0.1, 0.2, 1, round(random.random(), 2)), neighbours)


def _drug(drug_id: str, random: Random) -> DrugEvidence:
    genes = [protein_name(gene) for gene in random.sample(sorted(PROTEINS.values()), 3)]
    return DrugEvidence(
        drug_id,
        f"Name{drug_id}",
        pk_flags=tuple(sorted(f"{gene}_{random.choice(list(PkRole))}" for gene in genes)),
        atc=(f"J0{random.randrange(9)}AC0{random.randrange(9)}",),
        targets=tuple(sorted(f"P{random.randrange(10_000, 99_999)}" for _ in range(3))),
        pathways=(f"SMP0000{random.randrange(100, 999)}",),
        half_life_hours=random.randrange(1, 99),
        moa="Inhibits an enzyme of the liver.",
    )


def _label(random: Random) -> Label:
    family = random.choice(list(Family))
    subtype = random.choice(load_taxonomy().subtypes(family))
    direction = random.choice((Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL))
    return Label(family, subtype, direction, random.choice(list(Polarity)))
