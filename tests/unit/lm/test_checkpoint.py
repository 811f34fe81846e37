from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mard.errors import InputError
from mard.io import read_json
from mard.lm.checkpoint import attach_lora, load_adapter, load_model, load_trained, save_adapter, save_trained
from mard.lm.runtime import reproducible
from tests import students


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.arange(12)[None]).logits


def adapted(seed: int = 1) -> torch.nn.Module:
    """A model with an adapter that changes it."""
    model = attach_lora(students.model(), students.LORA, seed=seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.fill_(0.1)
    return model.eval()


def test_a_seed_gives_its_weights_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(9)
    before = torch.get_rng_state()
    assert students.same_weights(students.model(1), students.model(1))
    assert not students.same_weights(students.model(1), students.model(2))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_full_model_comes_back_as_it_was(tmp_path: Path) -> None:
    model = students.model()
    save_trained(model, students.tokenizer(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model", "tokenizer"}
    assert torch.equal(logits(load_trained(tmp_path)), logits(model))


def test_an_adapter_comes_back_on_its_base(tmp_path: Path) -> None:
    students.model().save_pretrained(tmp_path / "base")
    model = adapted()
    save_trained(model, students.tokenizer(), tmp_path / "sft", base=str(tmp_path / "base"))
    assert not torch.equal(logits(model), logits(students.model()))
    assert torch.equal(logits(load_trained(tmp_path / "sft").eval()), logits(model))


def test_a_second_adapter_lies_over_the_merged_first(tmp_path: Path) -> None:
    save_adapter(adapted(seed=2), tmp_path)
    stacked = load_adapter(adapted(seed=1), tmp_path).eval()
    merged = adapted(seed=1).merge_and_unload()
    with stacked.disable_adapter():
        assert torch.equal(logits(stacked), logits(merged))
    assert not torch.allclose(logits(stacked), logits(merged))


def test_adapter_files_do_not_tell_where_the_base_was(tmp_path: Path) -> None:
    for name in ("here", "there"):
        students.model().save_pretrained(tmp_path / name)
        model = attach_lora(load_model(tmp_path / name), students.LORA, seed=1)
        save_adapter(model, tmp_path / f"adapter-{name}")
    one, other = (sorted((tmp_path / f"adapter-{name}").iterdir()) for name in ("here", "there"))
    assert [path.name for path in one] == ["adapter_config.json", "adapter_model.safetensors"]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert read_json(one[0])["base_model_name_or_path"] is None


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    model = students.model()
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot load a model from"):
        load_model(tmp_path)


def test_determinism_is_put_back_as_it_was() -> None:
    before = torch.are_deterministic_algorithms_enabled()
    with reproducible(seed=1):
        assert torch.are_deterministic_algorithms_enabled()
        one = torch.rand(3)
    with reproducible(seed=1):
        assert torch.equal(torch.rand(3), one)
    assert torch.are_deterministic_algorithms_enabled() == before
