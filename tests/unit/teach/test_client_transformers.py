"""The client against ``transformers serve`` with a tiny random model: the real protocol, end to end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mard.label.taxonomy import load_taxonomy
from mard.teach.backend import Draw
from mard.teach.channel import Endpoint
from mard.teach.client import EndpointTeacher
from tests.builders import voriconazole_axitinib

START_S = 90.0
CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "


def build_model(folder: Path) -> None:
    """A random Qwen2 of two small layers with a byte-level tokenizer of its own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: number for number, symbol in enumerate([*alphabet, "<end>"])}
    bare = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bare, eos_token="<end>", pad_token="<end>")
    tokenizer.chat_template = CHAT
    config = Qwen2Config(
        vocab_size=len(vocabulary),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=32768,
        bos_token_id=None,
        eos_token_id=vocabulary["<end>"],
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-qwen2")
    build_model(folder)
    return folder


@pytest.fixture(scope="module")
def url(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log"
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model)]
    command += ["--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/health", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_until_healthy(health: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"transformers serve exited with {server.returncode}:\n{log.read_text()}")
        try:
            if httpx.get(health, timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"transformers serve did not answer within {START_S:.0f} s:\n{log.read_text()}")


def test_a_random_model_answers_and_what_it_says_is_no_trace(url: str, model: Path) -> None:
    endpoint = Endpoint(
        name="tiny",
        base_url=url,
        model=str(model),
        api_key_env=None,
        concurrency=2,
        top_p=0.9,
        max_tokens=12,
        timeout_s=60.0,
        attempts=2,
    )
    pool = voriconazole_axitinib()
    found = list(
        EndpointTeacher(endpoint, load_taxonomy()).answer([Draw(pool, i, 0.7, seed=i) for i in range(2)])
    )
    assert [candidate.trace for candidate in found] == [None, None]
    assert all(candidate.error for candidate in found)
    assert all(candidate.prompt_tokens > 1000 for candidate in found), "the whole prompt arrived"
    assert all(0 < candidate.completion_tokens <= 12 for candidate in found)
