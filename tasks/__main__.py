"""``python -m tasks STAGE``: run one stage, as ``dvc repro`` does."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from mard.errors import MardError
from tasks.stage import headline, run_stage, workspace_for


def main(arguments: list[str] | None = None) -> int:
    """Run the stage that the command line names; a deliberate error is one line and exit status 2."""
    from tasks.versioning import stage_names  # here: the workers that ingest spawns import this module, too

    parser = argparse.ArgumentParser(prog="python -m tasks", description=__doc__)
    parser.add_argument("stage", choices=stage_names(), metavar="STAGE", help=", ".join(stage_names()))
    parser.add_argument("--artifacts", type=Path, help="work in this folder instead of the repository's")
    parser.add_argument("--preset", help="overlay infra/presets/NAME.yaml; needs --artifacts")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="overrides")
    options = parser.parse_args(arguments)
    try:
        workspace = workspace_for(options.artifacts, preset=options.preset, overrides=options.overrides)
        compute = import_module(f"tasks.{options.stage}").compute
        summary = run_stage(options.stage, compute, workspace)
    except MardError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{options.stage}: interrupted; nothing is half-written", file=sys.stderr)
        return 130
    print(f"{options.stage}: {headline(summary)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
