"""``python -m benchmarks.synthetic FILE [--scale S] [--seed N]``: write a synthetic release."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.synthetic.release import write_release


def main() -> None:
    """Write the release and say how large it is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthetic", description=__doc__)
    parser.add_argument("file", type=Path, help="the XML to write")
    parser.add_argument("--scale", type=float, default=0.01, help="size relative to a full release")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another release")
    options = parser.parse_args()
    started = time.perf_counter()
    path = write_release(options.file, options.scale, options.seed)
    seconds = time.perf_counter() - started
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB in {seconds:.1f} s")


if __name__ == "__main__":
    main()
