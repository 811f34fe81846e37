"""Requests to one OpenAI-compatible endpoint: paced, tried again while it is busy, broken off while it fails.

Transport failures, 429 and 5xx are tried again with jittered backoff. A request that fails every time while
others succeed is at fault itself; an endpoint that fails everything is unavailable. What an endpoint
refuses for good (a wrong key, an empty account, an unknown model) is an error that no retry would help.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Literal

import httpx

from mard.errors import ConfigError, SchemaViolation, TeacherError, TeacherUnavailable
from mard.teach.breaker import Breaker
from mard.teach.pace import Pace

MAX_DELAY_S: Final = 60.0
_TOO_MANY: Final = 429
_NEEDS_ANOTHER_SET_UP: Final = frozenset({401, 402, 403, 404})


@dataclass(frozen=True)
class Endpoint:
    """A served model and how to use it.

    Attributes:
        name: The teacher's name, or that of the model where no teacher is asked.
        base_url: Root of the API, such as ``http://127.0.0.1:8000/v1``.
        model: Model name that the endpoint serves.
        api_key_env: Environment variable that holds the key, or None where none is needed.
        concurrency: Requests under way at once.
        top_p: Nucleus mass.
        max_tokens: Longest answer, thoughts included.
        requests_per_minute: Most requests in a minute, or None.
        repairs: How often an answer that is no trace is sent back with what is wrong with it.
        timeout_s: Seconds that one request may take.
        attempts: How often a request is tried.
        backoff_s: Mean delay before the second try; it doubles from try to try.
        route: What is asked for under ``base_url``.
        role: What the endpoint is to the user, as its errors call it.
    """

    name: str
    base_url: str
    model: str
    api_key_env: str | None
    concurrency: int
    top_p: float
    max_tokens: int
    requests_per_minute: float | None = None
    repairs: int = 0
    timeout_s: float = 600.0
    attempts: int = 6
    backoff_s: float = 1.0
    route: Literal["chat/completions", "completions"] = "chat/completions"
    role: str = "teacher"

    @property
    def title(self) -> str:
        """What errors call the endpoint."""
        return f"{self.role} {self.name}"


class _Busy(Exception):
    """One attempt failed in transport, with 429 or 5xx; ``wait`` is what the server asks for, in seconds."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


@dataclass
class Channel:
    """The way to one endpoint, shared by all its requests; used from one event loop.

    Attributes:
        endpoint: Where and how.
        requests: Requests made so far, tries included.
        failures: How many of them failed in transport, with 429 or 5xx.
    """

    endpoint: Endpoint
    breaker: Breaker = field(default_factory=Breaker)
    requests: int = 0
    failures: int = 0
    _jitter: Random = field(default_factory=Random, repr=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.endpoint.requests_per_minute)

    async def post(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        """The endpoint's reply, which may still be a refusal of this request.

        Raises:
            TeacherUnavailable: The endpoint answers nobody.
            TeacherError: The endpoint refuses the set-up: key, model or address.
            SchemaViolation: The endpoint answers others, and failed with this request every time.
        """
        began = self.breaker.clock()
        problem = _Busy("no attempt")
        for attempt in range(self.endpoint.attempts):
            if not await self.breaker.admit():
                break
            await self._pace.turn()
            try:
                return await self._try(client, body)
            except _Busy as busy:
                problem = busy
            if attempt + 1 < self.endpoint.attempts:
                await asyncio.sleep(self._delay(attempt) if problem.wait is None else problem.wait)
        said = f"{self.url} failed {self.endpoint.attempts} times, last with {problem}"
        if self.breaker.last_success > began:
            raise SchemaViolation(said)
        raise TeacherUnavailable(f"{self.endpoint.title}: {said}")

    async def _try(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        self.requests += 1
        try:
            response = await self._post_once(client, body)
        except _Busy:
            self.failures += 1
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return response

    async def _post_once(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        try:
            response = await client.post(self.url, json=body)
        except httpx.TransportError as error:
            raise _Busy(f"{type(error).__name__}: {error}") from error
        status = response.status_code
        if status == _TOO_MANY or response.is_server_error:
            raise _Busy(f"HTTP {status}", _retry_after(response))
        if status in _NEEDS_ANOTHER_SET_UP:
            title, remedy = self.endpoint.title, self._remedy(status)
            raise TeacherError(f"{title}: {self.url} answers {status}; {remedy}")
        return response

    @property
    def url(self) -> str:
        """Where completions are asked for."""
        return f"{self.endpoint.base_url.rstrip('/')}/{self.endpoint.route}"

    def _delay(self, attempt: int) -> float:
        return min(MAX_DELAY_S, self._jitter.uniform(0, 2) * self.endpoint.backoff_s * float(2**attempt))

    def _remedy(self, status: int) -> str:
        if status == 404:
            return f"check base_url and the model name {self.endpoint.model!r}"
        if status == 402:
            return "the account behind the key has no money left"
        return f"check the key in {self.endpoint.api_key_env or 'api_key_env (none is configured)'}"


def connect(endpoint: Endpoint, tls: ssl.SSLContext) -> httpx.AsyncClient:
    """A client of its own for one request at a time: a pool of connections is searched for every request.

    Raises:
        ConfigError: The variable that should hold the key is not set.
    """
    return httpx.AsyncClient(headers=_headers(endpoint), timeout=endpoint.timeout_s, verify=tls)


def _headers(endpoint: Endpoint) -> dict[str, str]:
    variable = endpoint.api_key_env
    if variable is None:
        return {}
    key = os.environ.get(variable)
    if not key:
        raise ConfigError(endpoint.title, [f"environment variable {variable} is not set"])
    return {"Authorization": f"Bearer {key}"}


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, where it says so as a number."""
    value = response.headers.get("Retry-After", "")
    return min(MAX_DELAY_S, float(value)) if value.replace(".", "", 1).isdigit() else None
