"""Language-model teachers behind any OpenAI-compatible endpoint (vLLM, TGI, a hosted service).

``concurrency`` questions are always under way, whichever pairs they belong to. An answer that is not a
trace can be sent back with what is wrong with it; one that stays wrong is a candidate with an error.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, Final

import httpx

from mard.errors import MardError, SchemaViolation, TeacherError
from mard.label.taxonomy import Taxonomy
from mard.schema import Pool, Trace
from mard.teach.answer import parse_answer
from mard.teach.backend import Draw
from mard.teach.candidate import Candidate
from mard.teach.channel import Channel, Endpoint, connect
from mard.teach.prompts import Message, chat_prompt, repair_prompt
from mard.teach.trace_schema import trace_schema

SECONDS_BETWEEN_LOOKS: Final = 1.0
MOST_REFUSALS: Final = 8
"""Refusals before any answer that show a wrong set-up rather than an unlucky question."""
_REFUSED: Final = "HTTP "
_MAY_DISLIKE_SCHEMAS: Final = frozenset({400, 422})

Answers = asyncio.Queue[Candidate | None]
Post = Callable[[dict[str, Any]], Awaitable[httpx.Response]]


def never() -> bool:
    """Nobody holds the teacher back."""
    return False


@dataclass(frozen=True)
class _Question:
    """What is asked about a pool, whatever the temperature."""

    messages: list[Message]
    schema: dict[str, Any]

    @classmethod
    def about(cls, pool: Pool, taxonomy: Taxonomy) -> _Question:
        return cls(chat_prompt(pool, taxonomy), trace_schema(pool, taxonomy))


@dataclass
class EndpointTeacher:
    """A teacher behind an endpoint; it implements :class:`mard.teach.backend.TeacherBackend`.

    Attributes:
        endpoint: Where and how.
        taxonomy: The vocabulary that goes into prompts and schemas.
        is_held: Whether nothing new may be asked for now; looked at before every question.
        constrains: Whether the server is still asked to constrain its output to the trace schema.
        channel: The way to the endpoint while questions are under way.
        answered: Whether the endpoint has ever answered.
    """

    endpoint: Endpoint
    taxonomy: Taxonomy
    is_held: Callable[[], bool] = never
    constrains: bool = True
    channel: Channel | None = field(default=None, init=False)
    answered: bool = field(default=False, init=False)
    _refused: list[Candidate] = field(default_factory=list, init=False)

    @property
    def name(self) -> str:
        """The teacher's name."""
        return self.endpoint.name

    def answer(self, draws: Iterable[Draw]) -> Iterator[Candidate]:
        """One candidate a draw, in the order in which the endpoint answers.

        Raises:
            TeacherUnavailable: The endpoint answers nobody: transport failures, 429 or 5xx only.
            TeacherError: The endpoint refuses the set-up (key, model or address), or each of the first
                questions; none of those is a candidate then, so that a mended set-up asks them again.
        """
        questions = self._questions(draws)
        self._refused = []
        with asyncio.Runner() as runner:
            answers: Answers = asyncio.Queue()
            work = runner.get_loop().create_task(self._work(questions, answers))
            try:
                while (candidate := runner.run(answers.get())) is not None:
                    yield candidate
                runner.run(asyncio.wait([work]))
                work.result()
            except* MardError as failures:
                raise _first(failures) from None
            finally:
                work.cancel()

    def _questions(self, draws: Iterable[Draw]) -> Iterator[tuple[Draw, _Question]]:
        """Each draw with its question, which is written once for a pair's consecutive draws."""
        for _, group in groupby(draws, key=lambda draw: draw.pair_id):
            question = None
            for draw in group:
                question = question or _Question.about(draw.pool, self.taxonomy)
                yield draw, question

    async def _work(self, questions: Iterator[tuple[Draw, _Question]], answers: Answers) -> None:
        try:
            tls = ssl.create_default_context()
            self.channel = Channel(self.endpoint)
            async with asyncio.TaskGroup() as group:
                for _ in range(self.endpoint.concurrency):
                    group.create_task(self._worker(self.channel, tls, questions, answers))
            refused, self._refused = self._refused, []
            self._tell(answers, refused)
        finally:
            answers.put_nowait(None)

    async def _worker(
        self,
        channel: Channel,
        tls: ssl.SSLContext,
        questions: Iterator[tuple[Draw, _Question]],
        answers: Answers,
    ) -> None:
        async with connect(self.endpoint, tls) as client:
            while True:
                while self.is_held():
                    await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
                following = next(questions, None)
                if following is None:
                    return
                found = await self._candidate(partial(channel.post, client), *following)
                self._tell(answers, self._vetted(found))

    def _tell(self, answers: Answers, candidates: Iterable[Candidate]) -> None:
        for each in candidates:
            answers.put_nowait(each)

    def _vetted(self, found: Candidate) -> list[Candidate]:
        """What may be told now: refusals wait for the first answer.

        Raises:
            TeacherError: There are :data:`MOST_REFUSALS` and no answer.
        """
        if not self.answered and (found.error or "").startswith(_REFUSED):
            self._refused.append(found)
            if len(self._refused) < MOST_REFUSALS:
                return []
            raise TeacherError(
                f"{self.endpoint.title}: {self.endpoint.base_url} refused its first {MOST_REFUSALS} "
                f"questions, the last with {found.error}; check max_tokens and the server's longest prompt"
            )
        self.answered = True
        ready, self._refused = [*self._refused, found], []
        return ready

    async def _candidate(self, post: Post, draw: Draw, question: _Question) -> Candidate:
        """Ask, and send back what is no trace as often as the endpoint's ``repairs`` allow."""
        messages = question.messages
        used = {"prompt_tokens": 0, "completion_tokens": 0}
        for repair in range(self.endpoint.repairs + 1):
            text = ""
            try:
                response = await self._complete(post, draw, messages, question.schema)
                text, usage = _read(response)
                used = {kind: count + int(usage.get(kind) or 0) for kind, count in used.items()}
                return self._written(draw, parse_answer(text), None, used)
            except SchemaViolation as violation:
                problem = violation
            if not text or repair == self.endpoint.repairs:
                break
            messages = [*question.messages, *repair_prompt(text, str(problem))]
        return self._written(draw, None, str(problem), used)

    def _written(self, draw: Draw, trace: Trace | None, error: str | None, used: dict[str, int]) -> Candidate:
        return Candidate(
            draw.pair_id, self.name, draw.index, draw.temperature, draw.seed, trace, error, **used
        )

    async def _complete(
        self, post: Post, draw: Draw, messages: list[Message], schema: dict[str, Any]
    ) -> httpx.Response:
        """The endpoint's reply; asks without a schema where the server refuses one."""
        body = self._body(draw, messages)
        if not self.constrains:
            return await post(body)
        wrapped = {"name": "trace", "strict": True, "schema": schema}
        response = await post({**body, "response_format": {"type": "json_schema", "json_schema": wrapped}})
        if response.status_code not in _MAY_DISLIKE_SCHEMAS:
            return response
        plain = await post(body)
        self.constrains = not plain.is_success  # it was the schema, if it works without
        return plain

    def _body(self, draw: Draw, messages: list[Message]) -> dict[str, Any]:
        return {
            "model": self.endpoint.model,
            "messages": messages,
            "temperature": draw.temperature,
            "top_p": self.endpoint.top_p,
            "max_tokens": self.endpoint.max_tokens,
            "seed": draw.seed,
        }


def _read(response: httpx.Response) -> tuple[str, dict[str, Any]]:
    """The message's text and the token counts of a reply."""
    if not response.is_success:
        raise SchemaViolation(f"{_REFUSED}{response.status_code}: {response.text[:200]}")
    try:
        reply = response.json()
        text, usage = reply["choices"][0]["message"]["content"], reply.get("usage") or {}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise SchemaViolation(f"the reply is no chat completion: {response.text[:200]!r}") from error
    if not isinstance(text, str):
        raise SchemaViolation("the message has no text")
    return text, usage


def _first(failures: BaseExceptionGroup[MardError]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
