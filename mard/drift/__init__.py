"""What changed between two releases: drugs, pairs and their labels, templates, subtypes and evidence.

Polars frames go in, small dataclasses come out. Every comparison has a mirror: comparing NEW with OLD
swaps what was added with what was removed and transposes every matrix.
"""
