"""Parameters: one frozen dataclass a stage, read from ``params.yaml`` and validated whole.

``params.yaml`` is the only source of hyper-parameters. A preset from ``infra/presets`` overlays it,
and ``--set section.key=value`` overlays both. All faults are reported together, before any stage
starts. No field has a default here, so a value cannot hide in the code; only what a teacher may leave out
(:class:`Teacher`) has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from mard.errors import ConfigError
from mard.validation import Bounds, build, overlay, parse_override, read_yaml


@dataclass(frozen=True)
class Ingest:
    """Where the licensed release is. ``release`` is a file, or a folder that holds exactly one."""

    release: str
    ddinter: str | None
    kegg: str | None


@dataclass(frozen=True)
class LabelParams:
    """The QC gate on descriptions that no template matches."""

    max_unmatched_share: Annotated[float, Bounds(0, 1)]


@dataclass(frozen=True)
class Evidence:
    """What a pool holds."""

    moa_max_chars: Annotated[int, Bounds(0)]
    fingerprint_radius: Annotated[int, Bounds(1, 6)]
    fingerprint_bits: Annotated[int, Bounds(64, 65536)]


@dataclass(frozen=True)
class Split:
    """The three protocols and the teacher subset (section 4 of the method)."""

    warm_seed: int
    cold_seed: int
    val_share: Annotated[float, Bounds(0.01, 0.4)]
    test_share: Annotated[float, Bounds(0.01, 0.4)]
    subset_train: Annotated[int, Bounds(1)]
    subset_val: Annotated[int, Bounds(1)]
    subset_test: Annotated[int, Bounds(1)]
    subset_cap_per_subtype: Annotated[int, Bounds(1)]
    eval_sizes: list[int]


@dataclass(frozen=True)
class Gates:
    """``declared_gaps`` lists ``protocol/part/family`` that a small corpus is known to lack."""

    declared_gaps: list[str]


@dataclass(frozen=True)
class Weights:
    """Channel weights of Eq. 8."""

    pathway: Annotated[float, Bounds(0)]
    protein: Annotated[float, Bounds(0)]
    atc: Annotated[float, Bounds(0)]
    tanimoto: Annotated[float, Bounds(0)]


@dataclass(frozen=True)
class RegimeShares:
    """Which retrieval a training example imitates; the shares add up to 1."""

    warm: Annotated[float, Bounds(0, 1)]
    drug_cold: Annotated[float, Bounds(0, 1)]
    pair_cold: Annotated[float, Bounds(0, 1)]


@dataclass(frozen=True)
class Retrieve:
    """Neighbour retrieval (Eq. 8 and 9) and its audit; with ``k`` 0 no stage sees a neighbour.

    ``sharpness``: which k pairs are shown. null: the nearest. A number: families in proportion to the vote
    of all training pairs, Eq. 8 to this power, and of each its nearest (:mod:`mard.retrieve.proportional`).
    """

    weights: Weights
    regime_shares: RegimeShares
    k: Annotated[int, Bounds(0, 100)]
    sharpness: Annotated[float, Bounds(0.1, 100)] | None
    seed: Annotated[int, Bounds(0)]
    audit_k: list[int]
    audit_queries: Annotated[int, Bounds(1)]


@dataclass(frozen=True)
class Baselines:
    """Baselines (section 12): votes, and structural models in three tiers.

    Attributes:
        models: Which ones; a structural model is fitted in every tier.
        max_train: Training rows of a structural model at most, stratified by family.
        k: Neighbours that vote.
        sharpness: Power of Eq. 8 by which all training pairs vote (kernel propagation).
        trees: Boosting rounds.
        depth: Depth of a tree.
        seed: Seed of every draw.
    """

    models: list[Literal["majority", "neighbour_vote", "kernel_propagation", "logistic", "xgboost", "mlp"]]
    max_train: Annotated[int, Bounds(10)]
    k: Annotated[int, Bounds(1, 100)]
    sharpness: Annotated[float, Bounds(0.1, 100)]
    trees: Annotated[int, Bounds(1)]
    depth: Annotated[int, Bounds(1)]
    seed: Annotated[int, Bounds(0)]


@dataclass(frozen=True)
class Teacher:
    """One teacher. ``symbolic`` names a built-in reasoner; ``openai`` an endpoint that speaks its protocol.

    What an endpoint alone has may be left out.

    Attributes:
        name: Unique name; for a symbolic teacher one of pk_first, pharmacology_first, analogy_first.
        base_url: Endpoint root, such as ``http://127.0.0.1:8000/v1``.
        model: Model name that the endpoint serves.
        api_key_env: Environment variable that holds the key; the key itself is never configured.
        concurrency: Requests under way at once.
        requests_per_minute: Most requests in a minute; null: no limit.
        repairs: How often an answer that is no trace is sent back with what is wrong with it.
        price_prompt: Price of a million prompt tokens, likewise ``price_completion``; in any currency.
        budget: Most that this teacher may cost, in that currency; null: no limit.
    """

    name: str
    kind: Literal["symbolic", "openai"]
    base_url: str | None = None
    model: str | None = None
    api_key_env: str | None = None
    concurrency: Annotated[int, Bounds(1, 4096)] = 1
    requests_per_minute: Annotated[float, Bounds(0.01)] | None = None
    repairs: Annotated[int, Bounds(0, 10)] = 0
    price_prompt: Annotated[float, Bounds(0)] = 0.0
    price_completion: Annotated[float, Bounds(0)] = 0.0
    budget: Annotated[float, Bounds(0)] | None = None


@dataclass(frozen=True)
class Teach:
    """Candidate generation; ``candidates`` is per teacher and pair, over the temperature schedule."""

    teachers: list[Teacher]
    candidates: Annotated[int, Bounds(1, 1000)]
    temperature_low: Annotated[float, Bounds(0, 2)]
    temperature_high: Annotated[float, Bounds(0, 2)]
    top_p: Annotated[float, Bounds(0, 1)]
    max_tokens: Annotated[int, Bounds(64)]
    shard_pairs: Annotated[int, Bounds(1)]
    seed: Annotated[int, Bounds(0)]


@dataclass(frozen=True)
class TierWeights:
    """Sample weight of a judged trace by its tier."""

    full_correct: Annotated[float, Bounds(0, 1)]
    family_correct: Annotated[float, Bounds(0, 1)]
    abstention: Annotated[float, Bounds(0, 1)]
    near_miss: Annotated[float, Bounds(0, 1)]


@dataclass(frozen=True)
class Judge:
    """Bounds of the gates G1 to G10; a pool is sparse when either drug has fewer ``sparse_citations``.

    ``steps_per_pair`` different traces of a pair at most become step rows of the reward model.
    """

    tier_weights: TierWeights
    max_summary_words: Annotated[int, Bounds(1)]
    max_hedging: Annotated[float, Bounds(0, 1)]
    max_claim_words: Annotated[int, Bounds(1)]
    sparse_citations: Annotated[int, Bounds(0)]
    steps_per_pair: Annotated[int, Bounds(1)]


@dataclass(frozen=True)
class Lora:
    """LoRA on all linear layers."""

    r: Annotated[int, Bounds(1)]
    alpha: Annotated[int, Bounds(1)]
    dropout: Annotated[float, Bounds(0, 1)]


@dataclass(frozen=True)
class Architecture:
    """A Qwen2 decoder built from this config with random weights, and its own tokenizer."""

    hidden_size: Annotated[int, Bounds(8)]
    intermediate_size: Annotated[int, Bounds(8)]
    num_hidden_layers: Annotated[int, Bounds(1)]
    num_attention_heads: Annotated[int, Bounds(1)]
    num_key_value_heads: Annotated[int, Bounds(1)]
    vocab_size: Annotated[int, Bounds(256)]


@dataclass(frozen=True)
class Student:
    """The base model: a ``checkpoint`` (folder or hub id), or ``architecture`` from scratch.

    From scratch there is nothing pretrained to keep, so SFT and PRM train all weights
    (``trainable: all``); a checkpoint is adapted with LoRA (``trainable: lora``). DPO always
    trains a LoRA adapter, which is what gets registered.

    ``prompt`` and ``answer`` are the form (:mod:`mard.lm.form`): a compact prompt and the answer before
    the steps suit a student that starts from nothing.

    ``gradient_checkpointing`` computes activations again on the way back instead of keeping them: the
    same update in a fraction of the memory, for about a third more time.
    """

    checkpoint: str | None
    prm_checkpoint: str | None
    architecture: Architecture | None
    trainable: Literal["all", "lora"]
    lora: Lora
    max_length: Annotated[int, Bounds(64)]
    dtype: Literal["float32", "bfloat16"]
    gradient_checkpointing: bool
    prompt: Literal["brief", "compact"]
    answer: Literal["last", "first"]


@dataclass(frozen=True)
class Prm:
    """Process reward model (section 8); ``aggregate`` and ``epsilon`` are Eq. 4's.

    ``corrupted_share`` of the traces that it learns from have one good citation spoilt. ``architecture``
    is that of a reward model from scratch; null: the student's.
    """

    architecture: Architecture | None
    lora: Lora
    learning_rate: Annotated[float, Bounds(0)]
    epochs: Annotated[float, Bounds(0)]
    batch_size: Annotated[int, Bounds(1)]
    max_traces: Annotated[int, Bounds(1)]
    holdout_share: Annotated[float, Bounds(0.01, 0.5)]
    aggregate: Literal["min_plus", "min", "mean", "product", "last"]
    epsilon: Annotated[float, Bounds(0)]
    corrupted_share: Annotated[float, Bounds(0, 1)]
    save_steps: Annotated[int, Bounds(1)]
    seed: Annotated[int, Bounds(0)]


@dataclass(frozen=True)
class FamilyProbe:
    """A model of another family than the teachers, asked about ``pairs`` pairs once."""

    model: Teacher
    pairs: Annotated[int, Bounds(1)]


@dataclass(frozen=True)
class Consensus:
    """Consensus over candidates and the audit that rescales sample weights.

    An unsafe winner (:mod:`mard.judge.safety`) is dropped for the best safe trace, or only flagged.
    ``probe``, where given, is a figure in the report and touches nothing else.
    """

    max_scored_per_pair: Annotated[int, Bounds(1)]
    min_quality: Annotated[float, Bounds(0, 1)]
    unsafe: Literal["drop", "flag"]
    score_batch_size: Annotated[int, Bounds(1)]
    probe: FamilyProbe | None


@dataclass(frozen=True)
class Sft:
    """Mirror-augmented SFT (Eq. 5). ``batch_pairs`` counts pairs: a batch has twice as many rows.

    Where the student says its answer first, an answer can be learnt without a trace.

    Attributes:
        trace_share: Share of the consensus traces that are learnt; the rest teach their answer alone.
        gold_answers: Pairs without a fully correct consensus trace teach their label alone. Else they
            teach nothing, and the student sees only pairs whose evidence led its teachers right.
        answer_share: Share of a trace's likelihood that falls to its final answer; null: each token
            counts the same.
    """

    kl_weight: Annotated[float, Bounds(0)]
    kl_scope: Literal["tag", "final_answer", "trace"]
    subtype_kl_weight: Annotated[float, Bounds(0)]
    identity_dropout: Annotated[float, Bounds(0, 1)]
    learning_rate: Annotated[float, Bounds(0)]
    epochs: Annotated[float, Bounds(0)]
    batch_pairs: Annotated[int, Bounds(1)]
    accumulation: Annotated[int, Bounds(1)]
    trace_share: Annotated[float, Bounds(0, 1)]
    gold_answers: bool
    answer_share: Annotated[float, Bounds(0, 1)] | None
    warmup_share: Annotated[float, Bounds(0, 1)]
    save_steps: Annotated[int, Bounds(1)]
    seed: Annotated[int, Bounds(0)]


@dataclass(frozen=True)
class Dpo:
    """PRM-weighted DPO (Eq. 6 and 7); without ``weighted`` every preference counts the same."""

    beta: Annotated[float, Bounds(0)]
    weighted: bool
    backend: Literal["exact", "importance"]
    prm_weight_fallback: Literal["error", "unweighted"]
    hard_negatives: list[Literal["adverse_risk", "family_axis", "subtype", "direction"]]
    symmetry_pairs: bool
    max_pairs: Annotated[int, Bounds(1)]
    learning_rate: Annotated[float, Bounds(0)]
    epochs: Annotated[float, Bounds(0)]
    batch_size: Annotated[int, Bounds(1)]
    accumulation: Annotated[int, Bounds(1)]
    save_steps: Annotated[int, Bounds(1)]
    seed: Annotated[int, Bounds(0)]


@dataclass(frozen=True)
class Server:
    """An OpenAI-compatible server (vLLM) with the student: it decodes for ``infer`` and what is registered.

    Attributes:
        base_url: Endpoint root, such as ``http://127.0.0.1:8000/v1``.
        model: Name under which the student is served, its preference adapter applied.
        api_key_env: Environment variable that holds the key; the key itself is never configured.
        concurrency: Requests under way at once.
    """

    base_url: str
    model: str
    api_key_env: str | None
    concurrency: Annotated[int, Bounds(1, 4096)]


@dataclass(frozen=True)
class Infer:
    """The inference stack (section 11); ``manifest_size`` picks the evaluation manifests.

    ``samples_warm`` and ``samples_cold`` count a pair's sampled traces; without any the two greedy ones vote.
    ``proposals`` counts the families beside those of the greedy traces that get a trace of their own, the
    likeliest first; for a student that answers first.

    Decoded here (``server`` null), an answer can only be no trace, or cite what is not in its pool, where
    decoding is not ``constrained``.
    """

    manifest_size: Annotated[int, Bounds(1)]
    samples_warm: Annotated[int, Bounds(0)]
    samples_cold: Annotated[int, Bounds(0)]
    proposals: Annotated[int, Bounds(0, 6)]
    temperature: Annotated[float, Bounds(0, 2)]
    top_p: Annotated[float, Bounds(0, 1)]
    batch_size: Annotated[int, Bounds(1)]
    max_new_tokens: Annotated[int, Bounds(16)]
    constrained: bool
    server: Server | None
    stack: list[
        Literal[
            "greedy",
            "symmetrise",
            "self_consistency",
            "prm_argmax",
            "prm_vote_consensus",
            "verify",
            "learned_verifier",
            "rescue",
            "router",
            "disagreement",
            "conformal",
        ]
    ]
    target_selective_accuracy: Annotated[float, Bounds(0, 1)]
    seed: Annotated[int, Bounds(0)]


@dataclass(frozen=True)
class Probe:
    """Altered questions to the raw model (section 12).

    Attributes:
        pairs: Pairs a protocol and probe at most; 0 asks nothing.
        triangles: Triples of drugs a protocol at most.
        seed: Of the draws.
    """

    pairs: Annotated[int, Bounds(0)]
    triangles: Annotated[int, Bounds(0)]
    seed: Annotated[int, Bounds(0)]


@dataclass(frozen=True)
class Evaluate:
    """Metrics and intervals (section 12)."""

    bootstrap_resamples: Annotated[int, Bounds(10)]
    ece_bins: Annotated[int, Bounds(2)]
    worked_traces: Annotated[int, Bounds(0)]
    seed: Annotated[int, Bounds(0)]


@dataclass(frozen=True)
class Register:
    """Where the policy that decides on the alias is, and the registered model's name."""

    model_name: str
    policy: str


@dataclass(frozen=True)
class Launch:
    """On how many processes the training stages run. An update sees the same examples on any number.

    Attributes:
        processes: One a GPU.
        strategy: ``ddp`` repeats the model in each; ``zero2`` divides optimizer states and gradients,
            ``zero3`` the weights too (``infra/accelerate``, ``infra/deepspeed``).
        tflops: 10^12 FLOP/s that one of them sustains, an assumption for the estimates of a dry run.
        memory_gib: Memory of one, which a dry run compares with what the stages need.
    """

    processes: Annotated[int, Bounds(1, 1024)]
    strategy: Literal["ddp", "zero2", "zero3"]
    tflops: Annotated[float, Bounds(1e-6)]
    memory_gib: Annotated[float, Bounds(0.1)]


@dataclass(frozen=True)
class Params:
    """All sections of ``params.yaml``."""

    ingest: Ingest
    label: LabelParams
    evidence: Evidence
    split: Split
    gates: Gates
    retrieve: Retrieve
    baselines: Baselines
    teach: Teach
    judge: Judge
    student: Student
    prm: Prm
    consensus: Consensus
    sft: Sft
    dpo: Dpo
    infer: Infer
    probe: Probe
    evaluate: Evaluate
    register: Register
    launch: Launch


def load_params(path: Path, preset: Path | None = None, overrides: Sequence[str] = ()) -> Params:
    """Read ``params.yaml``, overlay a preset and ``section.key=value`` overrides, validate whole.

    Raises:
        ConfigError: With every unknown key, missing key, wrong type and value out of range.
    """
    values = read_yaml(path)
    if preset is not None:
        values = overlay(values, read_yaml(preset))
    for override in overrides:
        values = overlay(values, parse_override(override))
    return parse_params(values, source=str(path))


def parse_params(values: Mapping[str, Any], source: str = "parameters") -> Params:
    """Validate a nested mapping into :class:`Params`; see :func:`load_params`."""
    faults: list[str] = []
    params = build(Params, values, faults)
    if not faults:
        faults.extend(_cross_checks(params))
    if faults:
        raise ConfigError(source, faults)
    checked: Params = params
    return checked


def _cross_checks(params: Params) -> Iterable[str]:
    shares = params.retrieve.regime_shares
    if abs(shares.warm + shares.drug_cold + shares.pair_cold - 1) > 1e-9:
        yield "retrieve.regime_shares: the three shares must add up to 1"
    if params.evidence.fingerprint_bits % 8:
        yield "evidence.fingerprint_bits must be a multiple of 8"
    weights = params.retrieve.weights
    if not 0 < weights.pathway + weights.protein + weights.atc + weights.tanimoto <= 1 + 1e-9:
        yield "retrieve.weights: the four weights must add up to more than 0 and at most 1"
    if params.teach.temperature_low > params.teach.temperature_high:
        yield "teach.temperature_low is above teach.temperature_high"
    names = [teacher.name for teacher in params.teach.teachers]
    if not names or len(set(names)) != len(names):
        yield "teach.teachers: at least one is needed, and names must differ"
    yield from _endpoints(params)
    yield from _student_checks(params)
    for name, batch in (
        ("sft: batch_pairs times accumulation", params.sft.batch_pairs * params.sft.accumulation),
        ("dpo: batch_size times accumulation", params.dpo.batch_size * params.dpo.accumulation),
        ("prm.batch_size", params.prm.batch_size),
    ):
        if batch % params.launch.processes:
            yield f"{name} is {batch}, which launch.processes={params.launch.processes} cannot share equally"
    if params.infer.manifest_size not in params.split.eval_sizes:
        yield "infer.manifest_size must be one of split.eval_sizes"


def _endpoints(params: Params) -> Iterable[str]:
    probe = params.consensus.probe
    asked = [("teach.teachers", teacher) for teacher in params.teach.teachers]
    for where, teacher in (*asked, *([("consensus.probe", probe.model)] if probe else [])):
        if teacher.kind == "openai" and not (teacher.base_url and teacher.model):
            yield f"{where}: {teacher.name} is an endpoint and needs base_url and model"
        if "@" in urlsplit(teacher.base_url or "").netloc:
            yield f"{where}: {teacher.name} has a password in its base_url; it belongs in api_key_env"


def _student_checks(params: Params) -> Iterable[str]:
    if (params.student.checkpoint is None) == (params.student.architecture is None):
        yield "student: give either checkpoint or architecture"
    if params.student.architecture is not None and params.student.trainable == "lora":
        yield "student.trainable: a model with random weights has nothing to adapt; say all"
    if params.student.answer == "last" and (params.sft.trace_share < 1 or params.sft.gold_answers):
        yield "sft.trace_share and sft.gold_answers teach answers alone: that needs student.answer: first"
    if params.infer.proposals and (params.student.answer == "last" or params.infer.server is not None):
        yield "infer.proposals begins answers itself: that needs student.answer: first, and no infer.server"
    if params.student.architecture is not None:
        heads = params.student.architecture
        if (
            heads.hidden_size % heads.num_attention_heads
            or heads.num_attention_heads % heads.num_key_value_heads
        ):
            yield "student.architecture: hidden_size, num_attention_heads, num_key_value_heads must divide"
