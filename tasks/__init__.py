"""One file a stage: read inputs, call ``mard``, write artifacts, log to MLflow."""

from tasks.environment import apply_environment

apply_environment()
