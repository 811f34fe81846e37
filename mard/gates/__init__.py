"""The 11 leakage gates as pure functions, and what their findings mean (section 4)."""
