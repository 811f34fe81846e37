"""One file a stage: read inputs, call ``mard``, write artifacts, log to MLflow."""
