"""Interaction descriptions to (family, subtype, direction, polarity), under a fixed vocabulary."""
