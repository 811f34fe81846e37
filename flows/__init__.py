"""Prefect flows that compose the stages, and the command ``mard``."""
