"""Mechanism-aware retrieval (section 5): drug and pair similarity (Eq. 8 and 9), exact neighbours,
the nearest or in proportion to the vote of all pairs, their audit, and the evidence pools that are put
together from them.
"""
