"""Parameters: one frozen dataclass a stage, read from ``params.yaml`` and validated whole.

``params.yaml`` is the only source of hyper-parameters. A preset from ``infra/presets`` overlays it,
and ``--set section.key=value`` overlays both. All faults are reported together, before any stage
starts. No field has a default here, so a value cannot hide in the code.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from mard.errors import ConfigError


def bounded(low: float, high: float = float("inf")) -> Any:
    """A required numeric field with inclusive bounds."""
    return field(metadata={"low": low, "high": high})


@dataclass(frozen=True)
class Ingest:
    """Where the licensed release is. ``release`` is a file, or a folder that holds exactly one."""

    release: str
    ddinter: str | None
    kegg: str | None


@dataclass(frozen=True)
class LabelParams:
    """The QC gate on descriptions that no template matches."""

    max_unmatched_share: float = bounded(0, 1)


@dataclass(frozen=True)
class Evidence:
    """What a pool holds."""

    moa_max_chars: int = bounded(0)
    fingerprint_radius: int = bounded(1, 6)
    fingerprint_bits: int = bounded(64, 65536)


@dataclass(frozen=True)
class Split:
    """The three protocols and the teacher subset (section 4 of the method)."""

    warm_seed: int
    cold_seed: int
    val_share: float = bounded(0.01, 0.4)
    test_share: float = bounded(0.01, 0.4)
    subset_train: int = bounded(1)
    subset_val: int = bounded(1)
    subset_test: int = bounded(1)
    subset_cap_per_subtype: int = bounded(1)
    eval_sizes: list[int] = field()


@dataclass(frozen=True)
class Gates:
    """``declared_gaps`` lists ``protocol/part/family`` that a small corpus is known to lack."""

    declared_gaps: list[str]


@dataclass(frozen=True)
class Weights:
    """Channel weights of Eq. 8."""

    pathway: float = bounded(0)
    protein: float = bounded(0)
    atc: float = bounded(0)
    tanimoto: float = bounded(0)


@dataclass(frozen=True)
class RegimeShares:
    """Which retrieval a training example imitates; the shares add up to 1."""

    warm: float = bounded(0, 1)
    drug_cold: float = bounded(0, 1)
    pair_cold: float = bounded(0, 1)


@dataclass(frozen=True)
class Retrieve:
    """Neighbour retrieval (Eq. 8 and 9) and its audit."""

    weights: Weights
    regime_shares: RegimeShares
    k: int = bounded(1, 100)
    seed: int = bounded(0)
    audit_k: list[int] = field()
    audit_queries: int = bounded(1)


@dataclass(frozen=True)
class Teacher:
    """One teacher. ``symbolic`` names a built-in reasoner; ``openai`` an endpoint that speaks its protocol.

    Attributes:
        name: Unique name; for a symbolic teacher one of pk_first, pharmacology_first, analogy_first.
        base_url: Endpoint root, such as ``http://127.0.0.1:8000/v1``.
        model: Model name that the endpoint serves.
        api_key_env: Environment variable that holds the key; the key itself is never configured.
        concurrency: Requests under way at once.
    """

    name: str
    kind: Literal["symbolic", "openai"]
    base_url: str | None
    model: str | None
    api_key_env: str | None
    concurrency: int = bounded(1, 4096)


@dataclass(frozen=True)
class Teach:
    """Candidate generation; ``candidates`` is per teacher and pair, over the temperature schedule."""

    teachers: list[Teacher]
    candidates: int = bounded(1, 1000)
    temperature_low: float = bounded(0, 2)
    temperature_high: float = bounded(0, 2)
    top_p: float = bounded(0, 1)
    max_tokens: int = bounded(64)
    shard_pairs: int = bounded(1)
    seed: int = bounded(0)


@dataclass(frozen=True)
class TierWeights:
    """Sample weight of a judged trace by its tier."""

    full_correct: float = bounded(0, 1)
    family_correct: float = bounded(0, 1)
    abstention: float = bounded(0, 1)
    near_miss: float = bounded(0, 1)


@dataclass(frozen=True)
class Judge:
    """Bounds of the gates G1 to G10. ``sparse_citations``: a pool with fewer side items is sparse."""

    tier_weights: TierWeights
    max_summary_words: int = bounded(1)
    max_hedging: float = bounded(0, 1)
    max_claim_words: int = bounded(1)
    sparse_citations: int = bounded(0)


@dataclass(frozen=True)
class Lora:
    """LoRA on all linear layers."""

    r: int = bounded(1)
    alpha: int = bounded(1)
    dropout: float = bounded(0, 1)


@dataclass(frozen=True)
class Architecture:
    """A Qwen2 decoder built from this config with random weights, and its own tokenizer."""

    hidden_size: int = bounded(8)
    intermediate_size: int = bounded(8)
    num_hidden_layers: int = bounded(1)
    num_attention_heads: int = bounded(1)
    num_key_value_heads: int = bounded(1)
    vocab_size: int = bounded(256)


@dataclass(frozen=True)
class Student:
    """The base model: a ``checkpoint`` (folder or hub id), or ``architecture`` from scratch.

    From scratch there is nothing pretrained to keep, so SFT and PRM train all weights
    (``trainable: all``); a checkpoint is adapted with LoRA (``trainable: lora``). DPO always
    trains a LoRA adapter, which is what gets registered.
    """

    checkpoint: str | None
    prm_checkpoint: str | None
    architecture: Architecture | None
    trainable: Literal["all", "lora"]
    lora: Lora
    max_length: int = bounded(64)
    dtype: Literal["float32", "bfloat16"] = field()


@dataclass(frozen=True)
class Prm:
    """Process reward model (section 8); ``epsilon`` is the one of Eq. 4."""

    lora: Lora
    learning_rate: float = bounded(0)
    epochs: float = bounded(0)
    batch_size: int = bounded(1)
    max_traces: int = bounded(1)
    holdout_share: float = bounded(0.01, 0.5)
    epsilon: float = bounded(0)
    seed: int = bounded(0)


@dataclass(frozen=True)
class Consensus:
    """Consensus over candidates and the audit that rescales sample weights."""

    max_scored_per_pair: int = bounded(1)
    min_quality: float = bounded(0, 1)
    score_batch_size: int = bounded(1)


@dataclass(frozen=True)
class Sft:
    """Mirror-augmented SFT (Eq. 5). ``batch_pairs`` counts pairs: a batch has twice as many rows."""

    kl_weight: float = bounded(0)
    kl_scope: Literal["tag", "final_answer", "trace"] = field()
    subtype_kl_weight: float = bounded(0)
    identity_dropout: float = bounded(0, 1)
    learning_rate: float = bounded(0)
    epochs: float = bounded(0)
    batch_pairs: int = bounded(1)
    accumulation: int = bounded(1)
    warmup_share: float = bounded(0, 1)
    save_steps: int = bounded(1)
    seed: int = bounded(0)


@dataclass(frozen=True)
class Dpo:
    """PRM-weighted DPO (Eq. 6 and 7)."""

    beta: float = bounded(0)
    backend: Literal["exact", "importance"] = field()
    prm_weight_fallback: Literal["error", "unweighted"] = field()
    hard_negatives: list[Literal["adverse_risk", "family_axis", "subtype", "direction"]] = field()
    symmetry_pairs: bool = field()
    max_pairs: int = bounded(1)
    learning_rate: float = bounded(0)
    epochs: float = bounded(0)
    batch_size: int = bounded(1)
    save_steps: int = bounded(1)
    seed: int = bounded(0)


@dataclass(frozen=True)
class Infer:
    """The inference stack (section 11); ``manifest_size`` picks the evaluation manifests."""

    manifest_size: int = bounded(1)
    samples_warm: int = bounded(2)
    samples_cold: int = bounded(2)
    temperature: float = bounded(0, 2)
    top_p: float = bounded(0, 1)
    batch_size: int = bounded(1)
    max_new_tokens: int = bounded(16)
    stack: list[
        Literal["self_consistency", "prm_argmax", "prm_vote_consensus", "verify", "rescue", "conformal"]
    ] = field()
    target_selective_accuracy: float = bounded(0, 1)
    seed: int = bounded(0)


@dataclass(frozen=True)
class Evaluate:
    """Metrics, intervals and baselines (section 12)."""

    bootstrap_resamples: int = bounded(10)
    ece_bins: int = bounded(2)
    baselines: list[Literal["majority", "neighbour_vote", "logistic", "xgboost"]] = field()
    baseline_max_train: int = bounded(10)
    xgboost_trees: int = bounded(1)
    xgboost_depth: int = bounded(1)
    worked_traces: int = bounded(0)
    seed: int = bounded(0)


@dataclass(frozen=True)
class Register:
    """Where the policy that decides on the alias is, and the registered model's name."""

    model_name: str
    policy: str


@dataclass(frozen=True)
class Params:
    """All sections of ``params.yaml``."""

    ingest: Ingest
    label: LabelParams
    evidence: Evidence
    split: Split
    gates: Gates
    retrieve: Retrieve
    teach: Teach
    judge: Judge
    student: Student
    prm: Prm
    consensus: Consensus
    sft: Sft
    dpo: Dpo
    infer: Infer
    evaluate: Evaluate
    register: Register


def load_params(path: Path, preset: Path | None = None, overrides: Sequence[str] = ()) -> Params:
    """Read ``params.yaml``, overlay a preset and ``section.key=value`` overrides, validate whole.

    Raises:
        ConfigError: With every unknown key, missing key, wrong type and value out of range.
    """
    values = _read_yaml(path)
    if preset is not None:
        values = overlay(values, _read_yaml(preset))
    for override in overrides:
        values = overlay(values, _parse_override(override))
    return parse_params(values, source=str(path))


def parse_params(values: Mapping[str, Any], source: str = "parameters") -> Params:
    """Validate a nested mapping into :class:`Params`; see :func:`load_params`."""
    faults: list[str] = []
    params = _build(Params, values, "", faults)
    if not faults:
        faults.extend(_cross_checks(params))
    if faults:
        raise ConfigError(source, faults)
    checked: Params = params
    return checked


def overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """``top`` over ``base``, mapping by mapping; lists and scalars are replaced whole."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = (
            overlay(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(str(path), ["no such file"]) from error
    except yaml.YAMLError as error:
        raise ConfigError(str(path), [f"not YAML: {' '.join(str(error).split())}"]) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(str(path), [f"expected sections, got {type(values).__name__}"])
    return values


def _parse_override(text: str) -> dict[str, Any]:
    dotted, equals, raw = text.partition("=")
    keys = dotted.strip().split(".")
    if not equals or len(keys) < 2 or not all(keys):
        raise ConfigError("--set", [f"{text!r} is not of the form section.key=value"])
    try:
        value: Any = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise ConfigError("--set", [f"{text!r}: the value is not YAML"]) from error
    for key in reversed(keys):
        value = {key: value}
    nested: dict[str, Any] = value
    return nested


def _build(kind: Any, values: Any, where: str, faults: list[str]) -> Any:
    if not isinstance(values, Mapping):
        faults.append(f"{where or 'top level'}: expected a mapping, got {values!r}")
        return None
    hints = get_type_hints(kind)
    names = [f.name for f in dataclasses.fields(kind)]
    prefix = f"{where}." if where else ""
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            faults.append(f"{prefix}{key} is unknown" + (f" (did you mean {near[0]}?)" if near else ""))
    built = {}
    for item in dataclasses.fields(kind):
        place = prefix + item.name
        if item.name not in values:
            faults.append(f"{place} is missing")
            continue
        built[item.name] = _value(hints[item.name], values[item.name], place, faults)
        _check_bounds(built[item.name], item.metadata, place, faults)
    return kind(**built) if len(built) == len(names) else None


def _value(hint: Any, value: Any, where: str, faults: list[str]) -> Any:
    origin = get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, where, faults)
    if origin in (Union, types.UnionType):
        inner = [arm for arm in get_args(hint) if arm is not type(None)]
        return None if value is None else _value(inner[0], value, where, faults)
    if origin is list:
        if not isinstance(value, list):
            faults.append(f"{where}: expected a list, got {value!r}")
            return []
        (element,) = get_args(hint)
        return [_value(element, item, f"{where}[{index}]", faults) for index, item in enumerate(value)]
    if origin is Literal:
        if value not in get_args(hint):
            faults.append(f"{where}: {value!r} is none of {', '.join(map(str, get_args(hint)))}")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        faults.append(f"{where}: expected {hint.__name__}, got {value!r}")
    return value


def _check_bounds(value: Any, metadata: Mapping[str, Any], where: str, faults: list[str]) -> None:
    if "low" not in metadata or isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high = metadata["low"], metadata["high"]
    if not low <= value <= high:
        faults.append(f"{where}: {value} is outside [{low}, {high}]")


def _cross_checks(params: Params) -> Iterable[str]:
    shares = params.retrieve.regime_shares
    if abs(shares.warm + shares.drug_cold + shares.pair_cold - 1) > 1e-9:
        yield "retrieve.regime_shares: the three shares must add up to 1"
    if params.teach.temperature_low > params.teach.temperature_high:
        yield "teach.temperature_low is above teach.temperature_high"
    names = [teacher.name for teacher in params.teach.teachers]
    if not names or len(set(names)) != len(names):
        yield "teach.teachers: at least one is needed, and names must differ"
    for teacher in params.teach.teachers:
        if teacher.kind == "openai" and not (teacher.base_url and teacher.model):
            yield f"teach.teachers: {teacher.name} is an endpoint and needs base_url and model"
    if (params.student.checkpoint is None) == (params.student.architecture is None):
        yield "student: give either checkpoint or architecture"
    if params.student.architecture is not None:
        heads = params.student.architecture
        if (
            heads.hidden_size % heads.num_attention_heads
            or heads.num_attention_heads % heads.num_key_value_heads
        ):
            yield "student.architecture: hidden_size, num_attention_heads, num_key_value_heads must divide"
    if params.infer.manifest_size not in params.split.eval_sizes:
        yield "infer.manifest_size must be one of split.eval_sizes"
