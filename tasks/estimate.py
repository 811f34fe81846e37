"""What each stage will do, need and take, from the parameters alone: nothing is read, built or loaded.

Work is the most that the parameters allow; a small corpus gives less. Memory is that of the longest rows
(``student.max_length``, answers of ``teach.max_tokens``), time that of typical ones at ``launch.tflops``.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

from mard.config import Params, Prm, Sft, Teacher
from mard.lm.memory import Memory, reading_memory, training_memory
from mard.lm.schedule import share
from mard.lm.size import Shape, shape_of
from tasks.versioning import stage_names

STEPS: Final = 9
"""Positions of a trace that the reward model reads: up to eight steps and the answer."""

TEACHER_PROMPT: Final = 2000
PRETRAINED: Final = (300, 300)
OWN: Final = (200, 110)
"""Tokens of a typical prompt and trace, with a checkpoint's tokenizer (about three characters a token) and
with our own, as on the embedded sample: 890 characters each, and 6,000 of a teacher's prompt."""

HEAD_CHUNK: Final = 256
"""Positions of which TRL has logits at once."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One stage's work.

    Attributes:
        what: In words.
        tokens: Read and written by models, ours or served ones.
        seconds: At ``launch.tflops``; None where no model of ours computes.
        memory: Bytes on each device; None likewise.
    """

    stage: str
    what: str = "not estimated"
    tokens: float = 0
    seconds: float | None = None
    memory: Memory | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        memory = None if self.memory is None else {**asdict(self.memory), "total": self.memory.total}
        return {**asdict(self), "memory": memory}


def estimates(params: Params) -> list[Estimate]:
    """One a stage, in order.

    Raises:
        InputError: The size of a checkpoint cannot be known without loading it.
    """
    plan = _Plan(params)
    known = (plan.teach, plan.judge, plan.prm, plan.consensus, plan.sft, plan.dpo, plan.infer)
    found = {each.stage: each for each in (estimate() for estimate in known)}
    return [found.get(name, Estimate(name)) for name in stage_names()]


@dataclass(frozen=True)
class _Plan:
    """One method a stage that models work for, and the quantities that they share."""

    params: Params

    @cached_property
    def student_shape(self) -> Shape:
        own = self.params.student.architecture
        return Shape.of(own) if own else shape_of(str(self.params.student.checkpoint))

    @cached_property
    def prm_shape(self) -> Shape:
        seed, own = self.params.student.prm_checkpoint, self.params.prm.architecture
        if seed:
            return shape_of(seed)
        return Shape.of(own) if own else self.student_shape

    @property
    def rate(self) -> float:
        return self.params.launch.tflops * 1e12

    @property
    def adapted(self) -> bool:
        return self.params.student.trainable == "lora"

    @property
    def typical(self) -> tuple[int, int]:
        return OWN if self.params.student.architecture else PRETRAINED

    @property
    def pairs(self) -> int:
        return self.params.split.subset_train + self.params.split.subset_val + self.params.split.subset_test

    @property
    def traces_a_pair(self) -> int:
        return len(self.params.teach.teachers) * self.params.teach.candidates

    @property
    def longest_answer(self) -> int:
        return min(self.params.teach.max_tokens, self.params.student.max_length)

    def teach(self) -> Estimate:
        params = self.params.teach
        asked = [teacher for teacher in params.teachers if teacher.kind == "openai"]
        words = [f"{self.pairs * self.traces_a_pair:,} traces"]
        requests = self.pairs * params.candidates
        if asked:
            words.append(f"{len(asked) * requests:,} requests")
        if cost := sum(self._price(teacher, requests) for teacher in asked):
            words.append(f"for about {cost:,.0f}")
        if hours := max((_hours(teacher, requests) for teacher in asked), default=0.0):
            words.append(f"{hours:,.1f} h at the rate limits")
        tokens = len(asked) * requests * (TEACHER_PROMPT + self.typical[1])
        return Estimate("teach", ", ".join(words), tokens)

    def _price(self, teacher: Teacher, requests: int) -> float:
        each = TEACHER_PROMPT * teacher.price_prompt + self.typical[1] * teacher.price_completion
        return requests * each / 1e6

    def judge(self) -> Estimate:
        return Estimate("judge", f"{self.pairs * self.traces_a_pair:,} traces through ten gates, on the CPU")

    def prm(self) -> Estimate:
        params = self.params.prm
        most = self.pairs * min(self.params.judge.steps_per_pair, self.traces_a_pair)
        rows = math.ceil(min(params.max_traces, most) * params.epochs)
        memory = self._memory(self.prm_shape, params, params.batch_size, accumulation=1, rows=1, kept=STEPS)
        return self._trained("prm", f"{rows:,} traces", self.prm_shape, rows, STEPS, memory)

    def consensus(self) -> Estimate:
        params, (prompt, trace) = self.params.consensus, self.typical
        traces = self.pairs * min(params.max_scored_per_pair, self.traces_a_pair)
        tokens = self.pairs * prompt + traces * trace
        memory = reading_memory(
            self.prm_shape,
            dtype=self.params.student.dtype,
            sequences=params.score_batch_size,
            length=self.params.student.max_length,
        )
        flops = self.prm_shape.flops(tokens, traces * STEPS, weight=2, mixing=0)
        what = f"{traces:,} traces, each pair's prompt once"
        return Estimate("consensus", what, tokens, flops / self.rate, memory)

    def sft(self) -> Estimate:
        params = self.params.sft
        batch = params.batch_pairs * params.accumulation
        updates = math.ceil(self.params.split.subset_train * params.epochs / batch)
        rows = 2 * updates * batch
        memory = self._memory(
            self.student_shape,
            params,
            params.batch_pairs,
            accumulation=params.accumulation,
            rows=2,
            kept=self.longest_answer,
        )
        what = f"{updates:,} updates of {2 * batch:,} rows"
        return self._trained("sft", what, self.student_shape, rows, self.typical[1], memory)

    def dpo(self) -> Estimate:
        params = self.params.dpo
        batch = params.batch_size * params.accumulation
        updates = math.ceil(params.max_pairs * params.epochs / batch)
        rows = 2 * updates * batch
        memory = self._memory(
            self.student_shape, None, params.batch_size, accumulation=params.accumulation, rows=2, kept=0
        )
        what = f"{updates:,} updates of {2 * batch:,} rows, policy and reference"
        return self._trained("dpo", what, self.student_shape, rows, self.typical[1], memory, reference=True)

    def infer(self) -> Estimate:
        params, (prompt, trace) = self.params.infer, self.typical
        pairs = 6 * params.manifest_size  # two parts of three protocols
        told = 3 * (2 + params.proposals) + params.samples_warm + 2 * params.samples_cold
        answers = 2 * params.manifest_size * told
        tokens = pairs * prompt + answers * trace
        memory = reading_memory(
            self.student_shape,
            dtype=self.params.student.dtype,
            sequences=params.batch_size,
            length=self.params.student.max_length,
        )
        flops = self.student_shape.flops(tokens, answers * trace, weight=2, mixing=0)
        what = f"{answers:,} answers to {pairs:,} pairs; decoding also waits for memory"
        return Estimate("infer", what, tokens, flops / self.rate, memory)

    def _trained(
        self,
        stage: str,
        what: str,
        shape: Shape,
        rows: int,
        kept: int,
        memory: Memory,
        *,
        reference: bool = False,
    ) -> Estimate:
        """A frozen weight costs 4 FLOPs a token, a trained one 6, a pass of the reference 2 more."""
        length, launch = sum(self.typical), self.params.launch
        weight = 4 if self.adapted or reference else 6
        flops = rows * shape.flops(length, kept, weight=weight, mixing=3)
        if reference:
            flops += rows * shape.flops(length, kept, weight=2, mixing=1)
        tokens = rows * length * (2 if reference else 1)
        return Estimate(stage, what, tokens, flops / self.rate / launch.processes, memory)

    def _memory(
        self, shape: Shape, params: Prm | Sft | None, batch: int, *, accumulation: int, rows: int, kept: int
    ) -> Memory:
        """``params`` None: DPO, which always trains an adapter."""
        student, launch = self.params.student, self.params.launch
        rank = params.lora.r if isinstance(params, Prm) else student.lora.r
        items, _ = share(batch, accumulation, launch.processes)
        return training_memory(
            shape,
            launch,
            rank=rank if self.adapted or params is None else None,
            dtype=student.dtype,
            rows=items * rows,
            length=student.max_length,
            logits=items * rows * kept or HEAD_CHUNK,
            recompute=student.gradient_checkpointing,
        )


def _hours(teacher: Teacher, requests: int) -> float:
    return requests / teacher.requests_per_minute / 60 if teacher.requests_per_minute else 0.0
