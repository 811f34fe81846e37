"""Preference optimisation weighted by the reward model: how much better y+ is decides how much it counts."""
