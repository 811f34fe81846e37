"""The trained models at work: a student that argues and a reward model that scores its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from peft import PeftModel

from mard.config import Params, Server
from mard.infer.candidates import Candidate, Question, Writer, propose, sample, score
from mard.infer.decode import Decoder
from mard.infer.grammar import Limits
from mard.infer.served import ServedDecoder
from mard.lm.checkpoint import Model, load_adapter, load_trained
from mard.lm.form import Form
from mard.lm.runtime import one_thread_if_small, quiet
from mard.lm.tokenizer import load_tokenizer
from mard.prm.reward import TraceScore, trace_score
from mard.prm.score import Prm, load_prm
from mard.schema import Protocol
from mard.teach.channel import Endpoint


@dataclass(frozen=True)
class Answerer:
    """Student and reward model with the parameters under which they answer."""

    params: Params
    decoder: Writer
    prm: Prm

    @classmethod
    def load(cls, sft: Path, adapter: Path, prm: Path, params: Params) -> Self:
        """Read what the stages sft, dpo (its adapter) and prm wrote; of a served student the tokenizer."""
        student, server = params.student, params.infer.server
        with quiet():
            return cls(
                params,
                load_served(sft, server, params) if server else load_decoder(sft, adapter, params),
                load_prm(prm, max_length=student.max_length, dtype=student.dtype),
            )

    def candidates(self, questions: Sequence[Question], protocol: Protocol) -> list[list[Candidate]]:
        """Scored candidates of each question: both greedy orderings, samples, proposals."""
        infer, batch_size = self.params.infer, self.params.consensus.score_batch_size
        samples = infer.samples_warm if protocol is Protocol.WARM else infer.samples_cold
        with self._threads():
            drawn = sample(
                self.decoder,
                questions,
                samples=samples,
                temperature=infer.temperature,
                constrained=infer.constrained,
            )
            if infer.proposals:
                proposed = propose(
                    self.decoder, questions, drawn, most=infer.proposals, constrained=infer.constrained
                )
                drawn = [[*own, *more] for own, more in zip(drawn, proposed, strict=True)]
            return score(self.prm, questions, drawn, phi=self._phi(), batch_size=batch_size)

    def _phi(self) -> TraceScore:
        return trace_score(self.params.prm.aggregate, self.params.prm.epsilon)

    def _threads(self) -> AbstractContextManager[None]:
        """As many as the model that runs here deserves."""
        local = self.decoder if isinstance(self.decoder, Decoder) else self.prm
        return one_thread_if_small(local.model)

    def otherwise(self, questions: Sequence[Question]) -> list[list[Candidate]]:
        """Both greedy orderings with the constraint switched the other way, unscored."""
        switched = not self.params.infer.constrained
        with self._threads():
            return sample(self.decoder, questions, samples=0, temperature=0.0, constrained=switched)


def load_decoder(sft: Path, adapter: Path, params: Params) -> Decoder:
    """The student as a decoder: SFT weights with the preference adapter merged into them."""
    infer, judge = params.infer, params.judge
    return Decoder(
        model=_merged(load_adapter(load_trained(sft, params.student.dtype), adapter)),
        tokenizer=load_tokenizer(sft / "tokenizer"),
        limits=Limits(claim_words=judge.max_claim_words, summary_words=judge.max_summary_words),
        batch_size=infer.batch_size,
        max_new_tokens=infer.max_new_tokens,
        max_length=params.student.max_length,
        top_p=infer.top_p,
        seed=infer.seed,
        form=Form.of(params.student),
    )


def load_served(sft: Path, server: Server, params: Params) -> ServedDecoder:
    """The student on a server, asked in the words and tokens of the stage sft."""
    infer = params.infer
    endpoint = Endpoint(
        name=server.model,
        base_url=server.base_url,
        model=server.model,
        api_key_env=server.api_key_env,
        concurrency=server.concurrency,
        top_p=infer.top_p,
        max_tokens=infer.max_new_tokens,
        route="completions",
        role="infer.server",
    )
    return ServedDecoder(
        endpoint,
        load_tokenizer(sft / "tokenizer"),
        max_length=params.student.max_length,
        seed=infer.seed,
        form=Form.of(params.student),
    )


def _merged(model: Model) -> Model:
    return model.merge_and_unload() if isinstance(model, PeftModel) else model
