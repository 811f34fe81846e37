"""Probes: the raw model is asked the same pairs with altered evidence. What does its answer rest on?

:mod:`alter` says how evidence is altered, :mod:`plan` which pairs are asked, :mod:`measure` what the answers
show. None of it trains or fits anything.
"""
