"""Baselines (section 12): votes and structural models, fitted on a protocol's own train part.

What they answer on the held-out manifests is one table, with a probability for every family: the
evaluation measures the student against it, and the inference stack may lean on it.
"""
