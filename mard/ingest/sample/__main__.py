"""``python -m mard.ingest.sample FOLDER [--altered]``: write the sample release into a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from mard.ingest.sample.listings import ALTERED, FIRST, listings
from mard.ingest.sample.release import write_release
from mard.io import sha256_file


def main() -> None:
    """Write the release and say what it holds."""
    parser = argparse.ArgumentParser(prog="python -m mard.ingest.sample", description=__doc__)
    parser.add_argument("folder", type=Path, help="where drugbank_sample.xml goes")
    parser.add_argument("--altered", action="store_true", help="write the second edition instead")
    arguments = parser.parse_args()
    edition = ALTERED if arguments.altered else FIRST
    path = write_release(arguments.folder, altered=arguments.altered)
    pairs = {frozenset((listing.listed_by, listing.other)) for listing in listings(edition)}
    print(
        f"{path}: {edition.version} of {edition.exported_on}, {len(edition.drugs())} drugs, "
        f"{len(pairs)} pairs, sha256 {sha256_file(path)}"
    )


if __name__ == "__main__":
    main()
