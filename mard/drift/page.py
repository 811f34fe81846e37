"""From a comparison to one HTML page that needs no other file and no network."""

from mard.drift.compare import Drift


def render_page(drift: Drift) -> str:
    """The page."""
    return ""
