"""The classifiers behind the structural models, with one way to fit and ask them.

All are deterministic: each runs on one thread, for sums over several would round differently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from xgboost import XGBClassifier

from mard.baselines.arrays import Floats, Matrix

ModelName = Literal["logistic", "xgboost", "mlp"]
MODELS: Final[tuple[ModelName, ...]] = ("logistic", "xgboost", "mlp")

SOLVER_STEPS: Final = 2000
HIDDEN: Final = (256, 64)
BATCH: Final = 256
EPOCHS: Final = 12
UPDATES: Final = 150
"""Updates of a network at least: a small train part is seen more often."""

Ask = Callable[[Matrix], Floats]


@dataclass(frozen=True)
class Model:
    """Which classifier, and how large its ensemble of trees is where it has one."""

    name: ModelName
    trees: int
    depth: int
    seed: int


def fit(model: Model, features: Matrix, target: Any, weight: Floats) -> tuple[Any, Ask]:
    """Classes that occur in ``target``, sorted, and a function to their probabilities ``[q, classes]``.

    Args:
        model: What to fit.
        features: Sparse ``[n, f]``.
        target: The class of each row ``[n]``.
        weight: Of each row, mean 1.
    """
    classes, encoded = np.unique(target, return_inverse=True)
    if len(classes) == 1:
        return classes, lambda asked: np.ones((asked.shape[0], 1))
    makers: dict[ModelName, Callable[..., Ask]] = {"logistic": _logistic, "xgboost": _trees, "mlp": _network}
    return classes, makers[model.name](model, features, encoded, weight)


def _logistic(_: Model, features: Matrix, target: Any, weight: Floats) -> Ask:
    fitted = make_pipeline(MaxAbsScaler(), LogisticRegression(max_iter=SOLVER_STEPS))
    fitted.fit(features, target, logisticregression__sample_weight=weight)
    return lambda asked: np.asarray(fitted.predict_proba(asked), dtype=np.float64)


def _trees(model: Model, features: Matrix, target: Any, weight: Floats) -> Ask:
    fitted = XGBClassifier(
        n_estimators=model.trees,
        max_depth=model.depth,
        learning_rate=0.1,
        colsample_bytree=0.25,
        tree_method="hist",
        n_jobs=1,
        random_state=model.seed,
    )
    fitted.fit(features, target, sample_weight=weight)
    return lambda asked: np.asarray(fitted.predict_proba(asked), dtype=np.float64)


def _network(model: Model, features: Matrix, target: Any, weight: Floats) -> Ask:
    """Two hidden layers, as DeepDDI has eight: pairs are too few here for more."""
    scaler = MaxAbsScaler().fit(features)
    dense = scaler.transform(features).toarray().astype(np.float32)
    batch = min(BATCH, len(dense))
    fitted = MLPClassifier(HIDDEN, batch_size=batch, alpha=1e-3, random_state=model.seed)
    for _ in range(max(EPOCHS, UPDATES * batch // len(dense))):
        fitted.partial_fit(dense, target, sample_weight=weight, classes=np.unique(target))

    def ask(asked: Matrix) -> Floats:
        return np.asarray(fitted.predict_proba(scaler.transform(asked).toarray()), dtype=np.float64)

    return ask
