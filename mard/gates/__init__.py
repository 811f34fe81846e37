"""The 11 leakage gates as pure functions, and how their findings are reported (section 4 of the method)."""
