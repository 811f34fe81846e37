"""The registered model as MLflow serves it: code from this file, weights from the bundle, nothing pickled.

``models:/mard@champion`` loads without the repository's artifacts. Input: a table with columns
``first`` and ``second`` (ids or names). Output: one mapping a row, ``Prediction.to_dict()``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
from mlflow.models import ModelSignature, set_model
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types.schema import AnyType, ColSpec, Schema

BUNDLE = "bundle"
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec("string", "first"), ColSpec("string", "second")]),
    outputs=Schema([ColSpec(AnyType())]),
)


class MardModel(PythonModel):
    """Answers questions about pairs of drugs with the bundle that is logged beside it."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open the bundle, checking its files."""
        from mard.register.model import load_bundle

        self.predictor = load_bundle(Path(context.artifacts[BUNDLE]))

    def predict(self, model_input: Any) -> list[dict[str, Any]]:
        """One answer a row."""
        pairs = zip(model_input["first"], model_input["second"], strict=True)
        return [self.predictor.predict(first, second).to_dict() for first, second in pairs]


def bundle_of(model_uri: str) -> Path:
    """The bundle of a registered model, fetched where it is not local."""
    folder = Path(mlflow.artifacts.download_artifacts(model_uri))
    return folder / "artifacts" / BUNDLE


set_model(MardModel())
