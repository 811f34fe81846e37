"""Evaluation (section 12): one metric family a file, and the report.

A metric is a :class:`~mard.evaluate.statistic.Statistic`, a function of pair weights, so that the
value on the data and the values on bootstrap resamples come from one definition.
"""
