"""Register: the bundle, its model card, a version in MLflow, and the alias that the policy gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.errors import InputError
from mard.io import read_json, write_json, write_text
from mard.register.policy import Policy, Verdict, decide, load_policy
from mard.schema import Part, Protocol
from tasks import contracts
from tasks.environment import REPOSITORY
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.tracking import connect, flatten, tracked
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mlflow import MlflowClient

TEMPLATE = REPOSITORY / "mlflow" / "model_card.md.jinja"
CODE = Path(__file__).with_name("served.py")

Figures = Mapping[str, Mapping[str, Any]]


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write bundle and card, register them, and say which alias they got and why."""
    params = workspace.params.register
    policy = load_policy(REPOSITORY / params.policy)
    metrics = read_json(workspace.need("evaluate", "metrics.json"))
    gates = list(_gates(workspace))
    _check_retrieval(workspace)
    version = _bundle(workspace, out / "model")
    write_text(out / "model_card.md", _card(workspace, version, metrics, gates))
    connect(workspace)
    verdict = judge(workspace, policy, metrics, gates)
    number = _register(workspace, out, version, metrics, verdict)
    registration = {
        "name": params.model_name,
        "version": number,
        "alias": verdict.alias,
        "reason": verdict.reason,
        "tracking_uri": workspace.tracking_uri,
        "bundle": version,
    }
    write_json(out / "registration.json", registration)
    write_json(out / "manifest.json", {"bundle": version, "alias": verdict.alias, "reason": verdict.reason})
    return {key: registration[key] for key in ("name", "version", "alias", "reason")}


def _check_retrieval(workspace: Workspace) -> None:
    """A model must be asked as it was trained.

    Raises:
        InputError: Its neighbours were retrieved with other parameters than the bundle would hold.
    """
    shown = read_json(workspace.need("retrieve", "manifest.json"))
    for key in ("k", "sharpness"):
        trained, asked = shown.get(key), getattr(workspace.params.retrieve, key)
        if trained != asked:
            raise InputError(
                f"{workspace.stage('retrieve')} was made with {key} {trained}, the parameters say {asked}: "
                "the model would be asked otherwise than it was trained; run again from retrieve, or set "
                f"retrieve.{key}={json.dumps(trained)}"
            )


def _bundle(workspace: Workspace, folder: Path) -> str:
    from mard.register.model import Sources, save_bundle

    need = workspace.need
    sources = Sources(
        ingest=need("ingest"),
        evidence=need("evidence"),
        index=need("retrieve", "index"),
        sft=need("sft"),
        adapter=need("dpo", "adapter"),
        prm=need("prm"),
        stack=need("infer", "stack.json"),
    )
    return save_bundle(folder, sources, workspace.params, _release(workspace))


def _release(workspace: Workspace) -> dict[str, Any]:
    release: dict[str, Any] = read_json(workspace.need("ingest", "manifest.json"))["release"]
    return release


def _gates(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Findings of all leakage gates: the gates' stage, then the stages that check their own rows."""
    yield from read_json(workspace.need("gates", "report.json"))
    for stage in ("retrieve", "prm", "sft", "dpo", "infer"):
        yield from read_json(workspace.need(stage, "gates.json"))


def _card(
    workspace: Workspace, version: str, metrics: Mapping[str, Any], gates: Sequence[Mapping[str, Any]]
) -> str:
    from mard.label.taxonomy import load_taxonomy
    from mard.register.model_card import render_card

    taxonomy = load_taxonomy()
    student = workspace.params.student
    facts = {
        "name": workspace.params.register.model_name,
        "version": version,
        "release": _release(workspace),
        "taxonomy_version": taxonomy.version,
        "subtypes": len(taxonomy.names),
        "student": student.checkpoint or f"built from a config: {student.architecture}",
        "layers": read_json(workspace.need("infer", "stack.json"))["layers"],
    }
    return render_card(TEMPLATE, facts, metrics, gates)


# --- the contest ----------------------------------------------------------------------------------


def judge(
    workspace: Workspace, policy: Policy, metrics: Mapping[str, Any], gates: Sequence[Mapping[str, Any]]
) -> Verdict:
    """Apply the policy, scoring the reigning champion on this release's test pairs if there is one."""
    failed = [f"{gate['gate']} on {gate['protocol']}" for gate in gates if gate["violations"]]
    gold = {
        protocol: _contest_pairs(workspace, Protocol(protocol), policy.pairs) for protocol in policy.protocols
    }
    challenger = {protocol: score(rows, _answered(workspace, protocol)) for protocol, rows in gold.items()}
    champion = _champion(workspace)
    reigning = None if champion is None else _asked(workspace, champion, gold)
    return decide(policy, metrics, failed, challenger, reigning)


def _contest_pairs(workspace: Workspace, protocol: Protocol, pairs: int) -> pl.DataFrame:
    """Gold labels of the first test pairs of a protocol's manifest, sorted by pair id."""
    folder = workspace.need("split")
    manifest = contracts.read(folder, "split/eval").filter(
        (pl.col("protocol") == protocol)
        & (pl.col("part") == Part.TEST)
        & (pl.col("size") == workspace.params.infer.manifest_size)
    )
    chosen = manifest["pair_id"].sort().head(pairs)
    split = contracts.read(folder, f"split/{protocol}")
    return split.filter(pl.col("pair_id").is_in(chosen.implode())).sort("pair_id")


def _answered(workspace: Workspace, protocol: str) -> pl.DataFrame:
    """This run's final answers for a protocol's test pairs."""
    final = read_json(workspace.need("infer", "stack.json"))["final"]
    table = contracts.read(workspace.need("infer"), "infer/predictions")
    return table.filter(
        (pl.col("protocol") == protocol) & (pl.col("part") == Part.TEST) & (pl.col("layer") == final)
    )


def _champion(workspace: Workspace) -> Path | None:
    """The bundle of the reigning champion, or None."""
    from mlflow import MlflowClient

    from tasks.served import bundle_of

    name = workspace.params.register.model_name
    models = MlflowClient().search_registered_models(f"name = '{name}'")
    reigns = any("champion" in model.aliases for model in models)
    return bundle_of(f"models:/{name}@champion") if reigns else None


def _asked(workspace: Workspace, bundle: Path, gold: Mapping[str, pl.DataFrame]) -> Figures:
    """A bundle's models on the same pairs with the same evidence as this run's."""
    from mard.infer.candidates import Question
    from mard.register.model import Brain, verify_bundle
    from mard.retrieve.pools import PoolStore

    verify_bundle(bundle)
    brain = Brain.load(bundle)
    pools = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    figures = {}
    for protocol, rows in gold.items():
        questions = [Question(f"{protocol}/{pair}", pools.pool(protocol, pair)) for pair in rows["pair_id"]]
        decisions = brain.decide(questions, Protocol(protocol))
        labels = [
            (
                pair,
                str(made.answer.family),
                made.answer.subtype,
                str(made.answer.direction),
                str(made.answer.polarity),
            )
            for pair, made in zip(rows["pair_id"], decisions, strict=True)
        ]
        columns = ["pair_id", "family", "subtype", "direction", "polarity"]
        figures[protocol] = score(rows, pl.DataFrame(labels, schema=columns, orient="row"))
    return figures


def score(gold: pl.DataFrame, answers: pl.DataFrame) -> dict[str, Any]:
    """Label metrics of answers, joined to gold by pair id."""
    from mard.evaluate.answers import Labels
    from mard.evaluate.classification import label_statistics
    from mard.evaluate.hierarchy import ths
    from mard.evaluate.statistic import scores

    aligned = gold.select("pair_id").join(answers, on="pair_id", how="inner", maintain_order="left")
    expected, given = Labels.of(gold), Labels.of(aligned)
    return scores(label_statistics(expected, given)) | {"ths": ths(expected, given).score()}


# --- MLflow ---------------------------------------------------------------------------------------


def _register(
    workspace: Workspace, out: Path, version: str, metrics: Mapping[str, Any], verdict: Verdict
) -> int:
    """Log the bundle as a model, register it, tag the version and set its alias."""
    import mlflow

    from tasks.served import BUNDLE, EXAMPLE

    name = workspace.params.register.model_name
    with tracked(workspace, "register", workspace.params.register) as run:
        with mlflow.start_run(run_id=run.run_id()) as active:
            logged = mlflow.pyfunc.log_model(
                name=name,
                python_model=str(CODE),
                artifacts={BUNDLE: str(out / "model")},
                input_example=EXAMPLE,
                pip_requirements=[],
                registered_model_name=name,
            )
        run.file(out / "model_card.md")
        run.metrics(_headline(metrics))
        tags = {**active.data.tags, "mard.bundle": version, "mard.reason": verdict.reason}
    number = int(logged.registered_model_version)
    _tag(mlflow.MlflowClient(), name, number, tags, verdict)
    return number


def _tag(client: MlflowClient, name: str, number: int, tags: Mapping[str, str], verdict: Verdict) -> None:
    for key, value in tags.items():
        if key.startswith("mard."):
            client.set_model_version_tag(name, str(number), key, value)
    client.set_registered_model_alias(name, verdict.alias, str(number))


def _headline(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Every number about the student, by dotted path."""
    students = {protocol: figures["student"] for protocol, figures in metrics["protocols"].items()}
    return {key: float(value) for key, value in flatten(students).items() if isinstance(value, int | float)}


@task(
    name="register",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def register(workspace: Workspace) -> Summary:
    """Register the trained model as champion or challenger."""
    return reproduce("register", compute, workspace)
