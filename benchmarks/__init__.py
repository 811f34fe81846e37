"""One file a figure that the README quotes: ``python -m benchmarks NAME`` prints one JSON line."""
