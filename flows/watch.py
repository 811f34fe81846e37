"""Notice new release files in a folder and tell Prefect, whose trigger then starts a retraining."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import flow
from prefect.events import emit_event

from mard.io import read_json, sha256_file, write_json
from tasks.progress import logger

EVENT = "mard.release.arrived"
SUFFIXES = (".xml", ".xml.gz", ".zip")
LEDGER = ".announced.json"


@flow(name="watch")
def watch(folder: str, settle_seconds: float = 5.0) -> list[str]:
    """Emit one event for every release file in ``folder`` that was never announced.

    A file counts once its size has stood still for ``settle_seconds``, so that a copy under way is
    left alone. What was announced is remembered by content in a ledger beside the files.

    Returns:
        The paths announced.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    ledger = root / LEDGER
    known: dict[str, str] = read_json(ledger) if ledger.exists() else {}
    announced = []
    for path in _settled(root, settle_seconds):
        digest = sha256_file(path)
        if digest in known:
            continue
        logger().info(f"new release {path.name}, sha256 {digest}")
        emit_event(
            event=EVENT,
            resource={"prefect.resource.id": f"mard.release.{digest}", "prefect.resource.name": path.name},
            payload={"path": str(path.resolve()), "sha256": digest},
        )
        known[digest] = path.name
        write_json(ledger, known)
        announced.append(str(path))
    return announced


def _settled(root: Path, seconds: float) -> list[Path]:
    files = sorted(path for path in root.iterdir() if path.name.endswith(SUFFIXES) and path.is_file())
    sizes = {path: path.stat().st_size for path in files}
    if files:
        time.sleep(seconds)
    return [path for path in files if path.exists() and path.stat().st_size == sizes[path]]
