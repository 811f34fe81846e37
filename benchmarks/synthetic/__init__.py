"""Synthetic DrugBank releases of any size: the real layout, template frequencies and coverage, made-up drugs.

``write_release`` streams the XML to disk; ``corpus`` gives what ingest and label make of it, as tables,
without the XML. Both follow from (scale, seed) alone, so the one checks the other.
"""

from benchmarks.synthetic.frames import Corpus, corpus
from benchmarks.synthetic.release import write_release

__all__ = ["Corpus", "corpus", "write_release"]
