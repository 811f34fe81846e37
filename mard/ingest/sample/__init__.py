"""The embedded sample: real drugs with publicly known facts, and interactions that stated rules derive.

No sentence of it comes from a DrugBank release. It exists so that the whole pipeline can run before a
licensed release is at hand.
"""
