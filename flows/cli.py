"""The command ``mard``. A command imports what it needs itself, so that ``--help`` is quick."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

import tasks  # noqa: F401 -- sets the environment before an option reads it
from mard.errors import InputError, MardError

app = typer.Typer(
    name="mard",
    help="Train, audit and retrain a mechanism-level drug-drug-interaction model. "
    "Research use only; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

releases = typer.Typer(help="Compare releases.", no_args_is_help=True)
app.add_typer(releases, name="release")

gates_app = typer.Typer(invoke_without_command=True, help="Certify a split, or verify a certificate.")
app.add_typer(gates_app, name="gates")

teachers = typer.Typer(
    help="Hold a teacher back while it generates, or see what the judges found.", no_args_is_help=True
)
app.add_typer(teachers, name="teacher")

tracking = typer.Typer(help="What MLflow has not been told yet.", no_args_is_help=True)
app.add_typer(tracking, name="tracking")

Artifacts = Annotated[
    Path | None, typer.Option(help="Work in this folder instead of the repository's own artifacts.")
]
Runner = Annotated[str, typer.Option(metavar="threads|dask", help="What runs the tasks.")]
Workers = Annotated[int | None, typer.Option(help="Tasks at once; by default one a core.")]
Address = Annotated[str | None, typer.Option(help="Scheduler of a Dask cluster that is already running.")]
Drug = Annotated[str, typer.Argument(help="DrugBank id or name.")]
Model = Annotated[str | None, typer.Option(help="An MLflow model, such as models:/mard@champion.")]
Teacher = Annotated[str, typer.Argument(help="Name of the teacher, as in teach.teachers.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def run(
    release: Annotated[Path | None, typer.Option(help="A DrugBank release: .xml, .xml.gz or .zip.")] = None,
    artifacts: Artifacts = None,
    preset: Annotated[str | None, typer.Option(help="Overlay infra/presets/NAME.yaml.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Overlay one parameter.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First stage to run.")] = None,
    last: Annotated[str | None, typer.Option("--until", help="Last stage to run.")] = None,
    base: Annotated[
        Path | None, typer.Option(help="Take the stages before --from out of this run's folder.")
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would run, and what memory and time it takes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a dry run as JSON.")] = False,
) -> None:
    """Run the pipeline: ingest to register, or a part of it."""
    if dry:
        from flows.dry_run import dry_run

        plan, faults = dry_run(preset, overrides or [], first, last, as_json=as_json)
        typer.echo(plan)
        if faults:
            raise InputError("; ".join(faults))
        return
    from flows.driver import run_pipeline

    run_pipeline(release, artifacts, preset, overrides or [], first, last, base)


@app.command()
def corpora(
    releases: Annotated[list[Path], typer.Argument(help="DrugBank releases.", metavar="RELEASE...")],
    artifacts: Annotated[Path, typer.Option(help="Each release gets a folder of its own in this one.")],
    preset: Annotated[str | None, typer.Option(help="Overlay infra/presets/NAME.yaml.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Overlay one parameter.")
    ] = None,
    runner: Runner = "threads",
    workers: Workers = None,
    address: Address = None,
) -> None:
    """Run ingest to retrieve for many releases at once."""
    from flows.corpora import build_corpora
    from flows.runners import task_runner

    build_corpora(releases, artifacts, preset, overrides or [], task_runner(runner, workers, address))


@app.command()
def screen(
    artifacts: Artifacts = None,
    universe: Annotated[str, typer.Option(help="Whose training pairs vote.")] = "warm",
    k: Annotated[
        int | None, typer.Option(help="Neighbours that vote; by default as many as a prompt shows.")
    ] = None,
    drugs: Annotated[
        str, typer.Option(metavar="FILE|all", help="A file with one drug a line, by id or name.")
    ] = "all",
    known: Annotated[
        str, typer.Option(metavar="include|exclude", help="Pairs that the release lists.")
    ] = "include",
    min_similarity: Annotated[float, typer.Option(help="Leave out pairs unlike all known ones.")] = 0.0,
    shard_drugs: Annotated[int, typer.Option(help="Drugs a block; a shard is a block by a block.")] = 512,
    out: Annotated[Path | None, typer.Option(help="By default ARTIFACTS/screen.")] = None,
    runner: Runner = "threads",
    workers: Workers = None,
    address: Address = None,
) -> None:
    """Screen all pairs of drugs by retrieval: what do the most similar known pairs say of each?"""
    from flows.runners import task_runner
    from flows.screen import run_screening
    from tasks.screen import prepare
    from tasks.stage import workspace_for

    chosen, workspace = task_runner(runner, workers, address), workspace_for(artifacts)
    job = prepare(
        workspace,
        (out or workspace.artifacts / "screen").resolve(),
        universe=universe,
        k=k,
        drugs=None if drugs == "all" else Path(drugs),
        known=known,
        min_similarity=min_similarity,
        shard_drugs=shard_drugs,
    )
    run_screening(job, chosen)


@app.command()
def predict(
    first: Drug,
    second: Drug,
    artifacts: Artifacts = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Say which mechanism links two drugs, in which direction, and why."""
    from flows.ask import predictor
    from mard.register.present import readable

    prediction = predictor(artifacts, model).predict(first, second)
    typer.echo(json.dumps(prediction.to_dict(), indent=2) if as_json else readable(prediction))


@app.command()
def explain(
    first: Drug,
    second: Drug,
    artifacts: Artifacts = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show the evidence pool of two drugs: all that a prediction may cite."""
    from flows.ask import predictor

    evidence = predictor(artifacts, model).evidence(first, second)
    if as_json:
        typer.echo(json.dumps(evidence, indent=2))
    else:
        for citation, meaning in evidence.items():
            typer.echo(f"{citation:<28} {meaning}")


@app.command()
def status(
    artifacts: Artifacts = None,
    results: Annotated[bool, typer.Option("--results", help="Print the table of results instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which stages are up to date and which models are registered."""
    from flows.overview import overview, readable, results_of

    if results:
        typer.echo(results_of(artifacts, as_json=as_json))
        return
    found = overview(artifacts)
    typer.echo(json.dumps(found, indent=2) if as_json else readable(found))


@app.command()
def publish(
    out: Annotated[Path, typer.Argument(help="JSON file to write.")],
    command: Annotated[str, typer.Option(help="What gives the same figures again.")],
    artifacts: Artifacts = None,
    repeats: Annotated[
        list[Path] | None, typer.Option("--repeat", help="A run that differs in seeds alone; any number.")
    ] = None,
    ablations: Annotated[
        list[Path] | None,
        typer.Option("--ablation", help="A run that differs in something else; any number."),
    ] = None,
) -> None:
    """Write an evaluation's aggregates: no pair, trace or text of the release is in them."""
    from flows.publish import publish as write

    write(artifacts, command, out, repeats=repeats or [], ablations=ablations or [])


@app.command()
def results(
    file: Annotated[Path, typer.Argument(help="What `mard publish` wrote.")],
) -> None:
    """Print the tables of a published evaluation as Markdown."""
    from mard.evaluate.published import tables
    from mard.io import read_json

    typer.echo(tables(read_json(file)))


@app.command()
def baselines(
    partitions: Annotated[int, typer.Option(help="Redrawings of the splits, the pipeline's own among them.")],
    artifacts: Artifacts = None,
    preset: Annotated[str | None, typer.Option(help="Overlay infra/presets/NAME.yaml.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Overlay one parameter.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit every baseline on several partitions of the drugs; print mean and spread."""
    from tasks.partitions import readable, run_partitions
    from tasks.stage import workspace_for

    found = run_partitions(workspace_for(artifacts, preset=preset, overrides=overrides or []), partitions)
    typer.echo(json.dumps(found, indent=2) if as_json else readable(found))


@app.command()
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(help="Artifacts folders, or ids of MLflow runs; the first is the reference."),
    ],
    layer: Annotated[str, typer.Option(help="Whose answers; greedy is the raw model.")] = "final",
    out: Annotated[
        Path | None, typer.Option(help="Write the page and tables here; by default ARTIFACTS/compare.")
    ] = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
) -> None:
    """Say which of several evaluated runs is better, and by how much, on the pairs they share."""
    from flows.compare import compare as compare_runs
    from flows.compare import publish, readable
    from tasks.stage import workspace_for

    workspace = workspace_for(artifacts)
    found = compare_runs(runs, workspace, layer=layer)
    folder = out or workspace.stage("compare")
    publish(found, workspace, folder)
    text = json.dumps(found, indent=2) if as_json else f"{readable(found)}\n\npage and tables in {folder}"
    typer.echo(text)


@app.command()
def ablate(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Ablations of infra/ablations.yaml; by default all.", metavar="[NAME]..."),
    ] = None,
    base: Annotated[
        Path | None, typer.Option(help="The evaluated run; by default the repository's own.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Each gets a folder of its name in this one; by default BASE/ablations."),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Overlay one parameter.")
    ] = None,
    layer: Annotated[
        str, typer.Option(help="Whose answers are compared; greedy is the raw model.")
    ] = "greedy",
) -> None:
    """Repeat a finished run without one of its parts, or several times without one each, and compare."""
    from flows.ablate import ablate as run_ablations
    from flows.compare import compare as compare_runs
    from flows.compare import publish, readable
    from tasks.stage import workspace_for

    workspace = workspace_for(base)
    folder = (out or workspace.artifacts / "ablations").resolve()
    runs = run_ablations(workspace, names or [], folder, overrides or [])
    found = compare_runs([str(each) for each in (workspace.artifacts, *runs)], workspace, layer=layer)
    publish(found, workspace, folder)
    typer.echo(f"{readable(found)}\n\npage and tables in {folder}")


@app.command()
def evaluate(
    predictions: Annotated[list[Path], typer.Option(help="Another system's answers, .csv or .parquet.")],
    artifacts: Artifacts = None,
    preset: Annotated[str | None, typer.Option(help="Overlay infra/presets/NAME.yaml.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Overlay one parameter.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure other systems' answers on the same test pairs, beside the votes."""
    from tasks.others import readable, score_files
    from tasks.stage import workspace_for

    found = score_files(workspace_for(artifacts, preset=preset, overrides=overrides or []), predictions)
    typer.echo(json.dumps(found, indent=2) if as_json else readable(found))


@app.command()
def layers(
    artifacts: Artifacts = None,
    stack: Annotated[
        str | None, typer.Option(metavar="LAYER,LAYER...", help="Another stack than infer.stack.")
    ] = None,
    hybrid: Annotated[bool, typer.Option("--hybrid", help="Listen to the structural models too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What each layer of the inference stack adds: the same candidates, nothing decoded again."""
    from tasks.layers import ablate_layers, readable
    from tasks.stage import workspace_for

    chosen = None if stack is None else stack.split(",")
    table = ablate_layers(workspace_for(artifacts), chosen, hybrid=hybrid)
    typer.echo(json.dumps(table.to_dicts(), indent=2) if as_json else readable(table))


@app.command()
def ui(
    prefect_port: Annotated[int, typer.Option(envvar="MARD_PREFECT_PORT")] = 4200,
    mlflow_port: Annotated[int, typer.Option(envvar="MARD_MLFLOW_PORT")] = 5000,
    artifacts: Artifacts = None,
) -> None:
    """Serve the Prefect and MLflow UIs on loopback until interrupted."""
    from flows.servers import serve

    serve(prefect_port, mlflow_port, artifacts)


@releases.command()
def diff(
    old: Annotated[
        Path, typer.Argument(help="A release (.xml, .xml.gz, .zip), or a run's artifacts folder.")
    ],
    new: Annotated[Path, typer.Argument(help="Likewise.")],
    out: Annotated[Path | None, typer.Option(help="Write the page and tables here.")] = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
) -> None:
    """Say what changed between two releases: drugs, pairs, labels, templates, evidence."""
    from flows.release_diff import default_out, release_diff, write_diff
    from mard.drift.summary import summary

    drift = release_diff(old, new, artifacts)
    folder = out or default_out(artifacts)
    write_diff(drift, folder)
    if as_json:
        typer.echo(json.dumps(drift.to_dict(), indent=2))
    else:
        typer.echo(f"{summary(drift)}\n\npage and tables in {folder}")


@teachers.command()
def pause(teacher: Teacher) -> None:
    """Let a teacher ask nothing new until it is resumed; what is under way is kept."""
    from flows.teachers import hold

    typer.echo(hold(teacher))


@teachers.command()
def resume(teacher: Teacher) -> None:
    """Let a paused teacher go on."""
    from flows.teachers import release_hold

    typer.echo(release_hold(teacher))


@teachers.command()
def figures(artifacts: Artifacts = None, as_json: AsJson = False) -> None:
    """Print how often each teacher is right, passes each gate, and agrees with the others."""
    from flows.teacher_figures import figures_of, readable

    found = figures_of(artifacts)
    typer.echo(json.dumps(found, indent=2) if as_json else readable(found))


@tracking.command("replay")
def replay_tracking(artifacts: Artifacts = None) -> None:
    """Send MLflow what was kept while its server was away; exit status 2 if it still is."""
    from tasks.courier import replay
    from tasks.journal import FOLDER
    from tasks.stage import workspace_for

    left = replay(workspace_for(artifacts).artifacts / FOLDER)
    for each in left:
        typer.echo(f"{each.run}: {each.entries} entries are not at {each.uri} yet: {each.error}")
    if left:
        raise typer.Exit(2)
    typer.echo("MLflow has everything")


@gates_app.callback()
def gates(
    context: typer.Context,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json and the page FILE.html.")] = None,
) -> None:
    """Print the certificate of the splits: what they are, their hashes, and what every gate found."""
    if context.invoked_subcommand is not None:
        return
    from flows.certificate import certificate_of, publish
    from mard.gates.certificate_page import readable

    certificate = certificate_of(artifacts)
    typer.echo(json.dumps(certificate, indent=2) if as_json else readable(certificate))
    if out is not None:
        typer.echo(publish(certificate, out), err=True)


@gates_app.command("verify")
def verify_certificate(
    certificate: Annotated[Path, typer.Argument(help="The certificate's JSON.")],
    splits: Annotated[
        Path | None, typer.Option(help="Folder of the published tables; else the certificate's own.")
    ] = None,
    artifacts: Annotated[
        Path | None, typer.Option(help="Artifacts of the licensed release, to run the other gates too.")
    ] = None,
) -> None:
    """Check a published split against its certificate; exit status 2 if anything is wrong."""
    from flows.certificate import verification

    findings, notes = verification(certificate, splits, artifacts)
    for line in (*findings, *(f"note: {note}" for note in notes)):
        typer.echo(line)
    if findings:
        typer.echo(f"NOT verified: {len(findings)} finding{'s' * (len(findings) > 1)}")
        raise typer.Exit(2)
    typer.echo("verified: the files, their counts, the draw and every gate that ran are as certified")


def main() -> None:
    """Entry point: a deliberate error is one line and exit status 2."""
    try:
        app()
    except MardError as error:
        sys.exit(_report(error))


def _report(error: MardError) -> int:
    print(f"error: {error}", file=sys.stderr)
    return 2
