"""Teachers: from an evidence pool to candidate traces, by symbolic reasoners or by served language models."""
