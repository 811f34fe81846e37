from __future__ import annotations

from dataclasses import replace

import pytest

from mard.config import Params, load_params
from tasks.estimate import Estimate, estimates
from tasks.stage import PARAMS, preset_file

GIB = 2**30


def plan(preset: str, *overrides: str) -> dict[str, Estimate]:
    return {each.stage: each for each in estimates(params(preset, *overrides))}


def params(preset: str, *overrides: str) -> Params:
    return load_params(PARAMS, preset_file(preset), overrides)


def test_sft_on_qwen_by_hand() -> None:
    # 20,000 pairs x 3 epochs / (4 x 8) pairs = 1,875 updates of 64 rows: 120,000 rows of 300 + 300 tokens
    found = plan("qwen2.5-7b", "launch.tflops=1000")["sft"]
    assert found.what == "1,875 updates of 64 rows"
    assert found.tokens == 120_000 * 600
    # a row: 600 x (4 x 6,525,288,448 + 3 x 2 x 2 x 300 x 3,584 x 28) + 300 x 4 x 544,997,376 FLOPs
    row = 600 * (4 * 6_525_288_448 + 361_267_200) + 300 * 4 * 544_997_376
    assert found.seconds == pytest.approx(120_000 * row / 1e15)
    assert found.memory is not None
    # 8 rows of 4,096 tokens, of which 2,048 an answer
    assert found.memory.logits == 8 * 2048 * 152_064 * 12
    assert found.memory.activations == 28 * 32_768 * 7168 + 32_768 * 404_992


def test_teachers_by_hand() -> None:
    # 25,000 pairs x 3 teachers x 24; a request reads 2,000 tokens and writes 300
    prices = [
        {"name": name, "kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"} for name in "abc"
    ]
    prices[0] |= {"price_prompt": 1.0, "price_completion": 10.0, "requests_per_minute": 1000}
    found = plan("qwen2.5-7b", f"teach.teachers={prices}")["teach"]
    assert found.tokens == 1_800_000 * 2300
    # 600,000 x (2,000 x 1 + 300 x 10) / 10^6 = 3,000; 600,000 / 1,000 a minute = 10 h
    assert found.what == "1,800,000 traces, 1,800,000 requests, for about 3,000, 10.0 h at the rate limits"


def test_consensus_reads_a_prompt_once_a_pair() -> None:
    found = plan("small")["consensus"]
    # 25,000 pairs: 200 tokens each and 8 traces of 110
    assert found.tokens == 25_000 * (200 + 8 * 110)


def test_processes_share_the_time_and_the_batch() -> None:
    one, four = plan("qwen2.5-7b"), plan("qwen2.5-7b", "launch.processes=4")
    for stage in ("prm", "sft", "dpo"):
        alone, shared = one[stage], four[stage]
        assert shared.seconds == pytest.approx(alone.seconds / 4)
        assert shared.tokens == alone.tokens
    assert four["sft"].memory == one["sft"].memory, "whole micro-batches are dealt out"
    assert four["prm"].memory.activations == one["prm"].memory.activations / 4, "a batch is cut"
    assert four["infer"] == one["infer"]


def test_a_reward_model_of_its_own_size() -> None:
    # 1,536 x 64 + 2 x (2 x 64^2 + 2 x 64 x 32 + 3 x 64 x 192 + 128 biases + 128 of norms) + 64 = 197,184
    found = plan("small-cpu")["prm"]
    assert found.memory is not None
    assert found.memory.weights == 4 * 197_184


def test_a_few_candidates_bound_the_work() -> None:
    found = plan("small", "teach.candidates=1", "prm.max_traces=1000000")
    assert found["prm"].what == "75,000 traces"
    assert found["consensus"].what.startswith("75,000 traces")


@pytest.mark.parametrize("preset", ["tiny", "small", "small-cpu", "qwen2.5-7b"])
def test_presets_fit_the_devices_that_they_name(preset: str) -> None:
    chosen = params(preset)
    for each in estimates(chosen):
        assert each.memory is None or each.memory.total < chosen.launch.memory_gib * GIB
    two = replace(chosen, launch=replace(chosen.launch, processes=2, strategy="zero3"))
    assert [each.stage for each in estimates(two)] == [each.stage for each in estimates(chosen)]
