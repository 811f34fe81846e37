"""What may be cited about a drug or a pair, and how a pool reads as a prompt (section 3).

PK flags, ATC codes, proteins, pathways, half-life and excerpts of the mechanism of action, each
under one citation id.
"""
