"""Language-model teachers behind any OpenAI-compatible endpoint (vLLM, TGI, a hosted service).

Transport failures, 429 and 5xx are retried with jittered backoff and then raise
:class:`TeacherUnavailable`. An answer that is not a trace is not retried: it becomes a candidate with
an error. Everything else that an endpoint refuses (a wrong key, an unknown model) is a
:class:`TeacherError` that no retry would help.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx

from mard.errors import ConfigError, MardError, SchemaViolation, TeacherError, TeacherUnavailable
from mard.label.taxonomy import Taxonomy
from mard.schema import Trace
from mard.teach.answer import parse_answer
from mard.teach.backend import Draw
from mard.teach.candidate import Candidate
from mard.teach.prompts import chat_prompt
from mard.teach.trace_schema import trace_schema

MAX_DELAY_S: Final = 60.0
_TOO_MANY: Final = 429
_NEEDS_ANOTHER_SET_UP: Final = frozenset({401, 403, 404})
_MAY_DISLIKE_SCHEMAS: Final = frozenset({400, 422})


class _Busy(Exception):
    """One attempt failed in transport, with 429 or 5xx; ``wait`` is what the server asks for, in seconds."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


@dataclass(frozen=True)
class Endpoint:
    """A served model and how to use it.

    Attributes:
        name: The teacher's name.
        base_url: Root of the API, such as ``http://127.0.0.1:8000/v1``.
        model: Model name that the endpoint serves.
        api_key_env: Environment variable that holds the key, or None where none is needed.
        concurrency: Requests under way at once.
        top_p: Nucleus mass.
        max_tokens: Longest answer, thoughts included.
        timeout_s: Seconds that one request may take.
        attempts: How often a request is tried before the teacher counts as unavailable.
        backoff_s: Mean delay before the second try; it doubles from try to try.
    """

    name: str
    base_url: str
    model: str
    api_key_env: str | None
    concurrency: int
    top_p: float
    max_tokens: int
    timeout_s: float = 600.0
    attempts: int = 6
    backoff_s: float = 1.0


@dataclass
class EndpointTeacher:
    """A teacher behind an endpoint; it implements :class:`mard.teach.backend.TeacherBackend`.

    Attributes:
        endpoint: Where and how.
        taxonomy: The vocabulary that goes into prompts and schemas.
        constrains: Whether the server is still asked to constrain its output to the trace schema.
    """

    endpoint: Endpoint
    taxonomy: Taxonomy
    constrains: bool = True
    _jitter: Random = field(default_factory=Random, repr=False)

    @property
    def name(self) -> str:
        """The teacher's name."""
        return self.endpoint.name

    def propose(self, draws: Sequence[Draw]) -> list[Candidate]:
        """One candidate a draw, ``concurrency`` at a time.

        Raises:
            TeacherUnavailable: Every attempt of some request failed in transport, with 429 or 5xx.
            TeacherError: The endpoint refuses the set-up: key, model or address.
        """
        return asyncio.run(self._propose(draws))

    async def _propose(self, draws: Sequence[Draw]) -> list[Candidate]:
        slots = asyncio.Semaphore(self.endpoint.concurrency)
        limits = httpx.Limits(max_connections=self.endpoint.concurrency)
        async with httpx.AsyncClient(
            headers=self._headers(), timeout=self.endpoint.timeout_s, limits=limits
        ) as client:
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._candidate(client, slots, draw)) for draw in draws]
            except* MardError as failures:
                raise _first(failures) from None
        return [task.result() for task in tasks]

    def _headers(self) -> dict[str, str]:
        variable = self.endpoint.api_key_env
        if variable is None:
            return {}
        key = os.environ.get(variable)
        if not key:
            raise ConfigError(f"teach.teachers: {self.name}", [f"environment variable {variable} is not set"])
        return {"Authorization": f"Bearer {key}"}

    async def _candidate(self, client: httpx.AsyncClient, slots: asyncio.Semaphore, draw: Draw) -> Candidate:
        async with slots:
            response = await self._complete(client, draw)
        trace, error, usage = _understand(response)
        return Candidate(
            pair_id=str(draw.pool.pair_id),
            teacher=self.name,
            index=draw.index,
            temperature=draw.temperature,
            seed=draw.seed,
            trace=trace,
            error=error,
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
        )

    async def _complete(self, client: httpx.AsyncClient, draw: Draw) -> httpx.Response:
        """The endpoint's reply; asks without a schema where the server refuses one."""
        body = self._body(draw)
        if self.constrains:
            schema = {"name": "trace", "strict": True, "schema": trace_schema(draw.pool, self.taxonomy)}
            constrained = {**body, "response_format": {"type": "json_schema", "json_schema": schema}}
            response = await self._post(client, constrained)
            if response.status_code not in _MAY_DISLIKE_SCHEMAS:
                return response
            plain = await self._post(client, body)
            self.constrains = not plain.is_success  # it was the schema, if it works without
            return plain
        return await self._post(client, body)

    def _body(self, draw: Draw) -> dict[str, Any]:
        return {
            "model": self.endpoint.model,
            "messages": chat_prompt(draw.pool, self.taxonomy),
            "temperature": draw.temperature,
            "top_p": self.endpoint.top_p,
            "max_tokens": self.endpoint.max_tokens,
            "seed": draw.seed,
        }

    async def _post(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        """Post, trying again while the endpoint is busy.

        Raises:
            TeacherUnavailable: No attempt got past transport failures, 429 and 5xx.
        """
        for attempt in range(self.endpoint.attempts):
            try:
                return await self._post_once(client, body)
            except _Busy as busy:
                problem = busy
            if attempt + 1 < self.endpoint.attempts:
                await asyncio.sleep(self._delay(attempt) if problem.wait is None else problem.wait)
        raise TeacherUnavailable(
            f"teacher {self.name}: {self._url} failed {self.endpoint.attempts} times, last with {problem}"
        )

    async def _post_once(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        try:
            response = await client.post(self._url, json=body)
        except httpx.TransportError as error:
            raise _Busy(f"{type(error).__name__}: {error}") from error
        status = response.status_code
        if status == _TOO_MANY or response.is_server_error:
            raise _Busy(f"HTTP {status}", _retry_after(response))
        if status in _NEEDS_ANOTHER_SET_UP:
            raise TeacherError(f"teacher {self.name}: {self._url} answers {status}; {self._remedy(status)}")
        return response

    @property
    def _url(self) -> str:
        return f"{self.endpoint.base_url.rstrip('/')}/chat/completions"

    def _delay(self, attempt: int) -> float:
        return min(MAX_DELAY_S, self._jitter.uniform(0, 2) * self.endpoint.backoff_s * float(2**attempt))

    def _remedy(self, status: int) -> str:
        if status == 404:
            return f"check base_url and the model name {self.endpoint.model!r}"
        return f"check the key in {self.endpoint.api_key_env or 'api_key_env (none is configured)'}"


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, where it says so as a number."""
    value = response.headers.get("Retry-After", "")
    return min(MAX_DELAY_S, float(value)) if value.replace(".", "", 1).isdigit() else None


def _understand(response: httpx.Response) -> tuple[Trace | None, str | None, dict[str, Any]]:
    """The trace or the reason why there is none, and the token counts."""
    usage: dict[str, Any] = {}
    try:
        text, usage = _read(response)
        return parse_answer(text), None, usage
    except SchemaViolation as violation:
        return None, str(violation), usage


def _read(response: httpx.Response) -> tuple[str, dict[str, Any]]:
    """The message's text and the token counts of a reply."""
    if not response.is_success:
        raise SchemaViolation(f"HTTP {response.status_code}: {response.text[:200]}")
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
