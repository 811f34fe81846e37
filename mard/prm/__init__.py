"""The process reward model: how likely each step of a trace is to be right (section 8 of the method)."""
