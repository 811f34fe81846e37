"""Inference without training (section 11): constrained sampling, then a stack of small layers.

A decoder turns a pool into candidate traces, half of them from the flipped pair and mapped back.
Each layer of the stack is a pure function from candidates and the decision so far to a decision;
thresholds are fitted on val and are plain JSON.
"""
