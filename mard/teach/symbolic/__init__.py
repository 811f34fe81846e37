"""Three symbolic teachers: reasoners that argue from a pool for weighted hypotheses and write the traces."""
