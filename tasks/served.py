"""The registered model as MLflow serves it: code from this file, weights from the bundle, nothing pickled.

``models:/mard@champion`` loads without the repository's artifacts. Input: a list of mappings with
``first`` and ``second`` (ids or names). Output: one mapping each, ``Prediction.to_dict()``.
"""

from __future__ import annotations

from pathlib import Path

import mlflow
from mlflow.models import Model, set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

BUNDLE = "bundle"
EXAMPLE = [{"first": "DB00582", "second": "axitinib"}]


class MardModel(PythonModel):
    """Answers questions about pairs of drugs with the bundle that is logged beside it."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open the bundle, checking its files."""
        from mard.register.model import load_bundle

        self.predictor = load_bundle(Path(context.artifacts[BUNDLE]))

    def predict(self, model_input: list[dict[str, str]]):  # type: ignore[no-untyped-def]
        """One ``Prediction.to_dict()`` a question; a type hint of it would be a schema to MLflow."""
        return [self.predictor.predict(asked["first"], asked["second"]).to_dict() for asked in model_input]


def bundle_of(model_uri: str) -> Path:
    """The bundle of a registered model, fetched where it is not local."""
    folder = Path(mlflow.artifacts.download_artifacts(model_uri))
    logged = Model.load(folder).flavors["python_function"]["artifacts"]
    return folder / logged[BUNDLE]["path"]


set_model(MardModel())
