"""``python -m benchmarks NAME [--scale S]``: one JSON line of ratios measured in one run."""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import tasks  # noqa: F401 -- sets the environment before anything heavy is imported

NAMES = tuple(
    sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if not path.stem.startswith("_"))
)


def main() -> int:
    """Run one benchmark, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, "all"), metavar="NAME", help=", ".join((*NAMES, "all")))
    parser.add_argument("--scale", type=_scale, default=None, help="size relative to a full release")
    parser.add_argument(
        "--artifacts", type=Path, default=None, help="measure on a pipeline's folder (the benchmark leaks)"
    )
    options = parser.parse_args()
    for name in NAMES if options.name == "all" else (options.name,):
        with redirect_stdout(sys.stderr):  # some libraries log to stdout, DeepSpeed for one
            line = json.dumps(_measure(name, options.scale, options.artifacts))
        print(line, flush=True)
    return 0


def _scale(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _measure(name: str, scale: float | None, artifacts: Path | None) -> Mapping[str, Any]:
    module = import_module(f"benchmarks.{name}")
    if artifacts is not None and "artifacts" not in signature(module.run).parameters:
        raise SystemExit(f"the benchmark {name} makes its own data: leave --artifacts out")
    chosen = module.DEFAULT_SCALE if scale is None else scale
    ratios, details = module.run(chosen) if artifacts is None else module.run(chosen, artifacts)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "benchmark": name,
        "scale": chosen if artifacts is None else None,
        "ratios": ratios,
        "peak_rss_mb": round(peak / 1024, 1),
        "details": details,
    }


if __name__ == "__main__":
    sys.exit(main())
