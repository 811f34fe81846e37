"""The student on an OpenAI-compatible server (vLLM): the interface of the decoder, for deployment.

Requests with one prompt and temperature are one question for n samples, so that the server reads the
prompt once. A prompt goes out as ids of the student's own tokenizer: the server adds no token to it and
cuts none. The trace schema with the pool's citations goes with it as ``response_format``.

**Decision** a JSON schema cannot say all that a trace must be (steps in order, a conclusion last), and a
text cut at ``max_tokens`` is not brought to its end. What is no trace stays a candidate without one, as
in decoding without the constraint, and is counted; nothing is asked twice. A server does not tell the
odds of the families: drafts have none, and layers that compare odds fall back on Phi.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import httpx
from transformers import PreTrainedTokenizerBase

from mard.errors import SchemaViolation, TeacherError
from mard.infer.decode import Draft, Request
from mard.infer.sampling import stream
from mard.label.taxonomy import load_taxonomy
from mard.lm.form import BRIEF, Form
from mard.lm.tokenizer import token_ids
from mard.teach.channel import Channel, Endpoint, connect
from mard.teach.trace_schema import citing_schema

SEEDS: Final = 2**31
"""Seeds are below this, whatever integer a server keeps them in."""

Post = Callable[[dict[str, Any]], Awaitable[httpx.Response]]


@dataclass
class ServedDecoder:
    """A served student that answers requests with texts; see :class:`mard.infer.decode.Decoder`.

    Attributes:
        endpoint: Where and how; its route is ``completions``.
        tokenizer: The student's.
        max_length: Tokens of prompt and trace; a longer prompt loses its end.
        seed: Of all random streams. The samples of one question share a seed that the server spreads.
        form: How the student is asked and answers.
    """

    endpoint: Endpoint
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    seed: int
    form: Form = BRIEF

    def draw(
        self,
        requests: Sequence[Request],
        *,
        constrained: bool = True,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[Draft]:
        """One text a request, in the order given; empty where the server fails with that request alone.

        Args:
            requests: What to generate.
            constrained: Whether the server is to constrain its output to the trace schema.
            on_progress: Called with (done, total) after each question.

        Raises:
            ConfigError: The variable that should hold the key is not set.
            TeacherUnavailable: The server answers nobody.
            TeacherError: It refuses the set-up or what is asked, or does not reply with completions.
        """
        return asyncio.run(self._draw(requests, constrained, on_progress))

    async def _draw(
        self,
        requests: Sequence[Request],
        constrained: bool,
        on_progress: Callable[[int, int], None] | None,
    ) -> list[Draft]:
        alike = _alike(requests)
        questions = iter(alike)
        channel, tls = Channel(self.endpoint), ssl.create_default_context()
        drafts: dict[int, Draft] = {}

        async def work() -> None:
            async with connect(self.endpoint, tls) as client:
                for question in questions:
                    asked = [requests[index] for index in question]
                    texts = await self._ask(partial(channel.post, client), asked, constrained)
                    drafts.update(zip(question, map(Draft, texts), strict=True))
                    if on_progress is not None:
                        on_progress(len(drafts), len(requests))

        await asyncio.gather(*(work() for _ in range(min(self.endpoint.concurrency, len(alike)))))
        return [drafts[index] for index in range(len(requests))]

    async def _ask(self, post: Post, asked: Sequence[Request], constrained: bool) -> list[str]:
        """The texts of requests that differ in nothing but their name; greedy ones have one text."""
        body = self._body(asked[0], 1 if asked[0].temperature == 0 else len(asked))
        if constrained:
            body["response_format"] = self._format(asked[0])
        try:
            response = await post(body)
        except SchemaViolation:  # others are answered, this request never
            return [""] * len(asked)
        texts = self._texts(response, body["n"])
        return texts * (len(asked) // len(texts))

    def _body(self, request: Request, samples: int) -> dict[str, Any]:
        room = max(1, self.max_length - self.endpoint.max_tokens)
        return {
            "model": self.endpoint.model,
            "prompt": token_ids(self.tokenizer, request.prompt)[:room],
            "n": samples,
            "temperature": request.temperature,
            "top_p": self.endpoint.top_p,
            "max_tokens": self.endpoint.max_tokens,
            "seed": int(stream(self.seed, request.name).integers(SEEDS)),
        }

    def _format(self, request: Request) -> dict[str, Any]:
        schema = citing_schema(self.form.citations(request.pool), load_taxonomy(), self.form.answer)
        return {"type": "json_schema", "json_schema": {"name": "trace", "strict": True, "schema": schema}}

    def _texts(self, response: httpx.Response, samples: int) -> list[str]:
        said = f"{self.endpoint.title}: {response.url}"
        if not response.is_success:
            status, why = response.status_code, response.text[:200]
            raise TeacherError(f"{said} refuses a request: HTTP {status}: {why}")
        try:
            choices = sorted(response.json()["choices"], key=lambda choice: choice["index"])
            texts = [str(choice["text"]) for choice in choices]
        except (ValueError, LookupError, TypeError) as error:
            raise TeacherError(f"{said} replies with no completion: {response.text[:200]!r}") from error
        if len(texts) != samples:
            raise TeacherError(f"{said} gives {len(texts)} of {samples} samples")
        return texts


def _alike(requests: Sequence[Request]) -> list[list[int]]:
    """Indices of the requests, those with one prompt and temperature together."""
    groups: dict[tuple[str, float], list[int]] = {}
    for index, request in enumerate(requests):
        groups.setdefault((request.prompt, request.temperature), []).append(index)
    return list(groups.values())
