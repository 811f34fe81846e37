"""Open a registered model to ask it questions."""

from __future__ import annotations

from pathlib import Path

from mlflow.exceptions import MlflowException

from mard.errors import InputError
from mard.register.model import Predictor, load_bundle
from tasks.served import bundle_of
from tasks.stage import workspace_for
from tasks.tracking import connect


def predictor(artifacts: Path | None, model: str | None) -> Predictor:
    """The champion of a workspace's registry, or the model that ``model`` names.

    Raises:
        InputError: The registry has no such model.
    """
    workspace = workspace_for(artifacts)
    connect(workspace)
    address = model or f"models:/{workspace.params.register.model_name}@champion"
    try:
        folder = bundle_of(address)
    except MlflowException as error:
        raise InputError(
            f"no model {address} in {workspace.tracking_uri}; `mard run` trains and registers one"
        ) from error
    return load_bundle(folder)
