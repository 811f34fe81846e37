"""MARD: mirror-augmented reasoning distillation for mechanism-level drug-drug interactions.

The package is the method and nothing else: pure functions and small types, one folder a stage.
Orchestration, tracking and data versioning live in ``tasks`` and ``flows``.
"""
