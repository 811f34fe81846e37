"""Language models and tokenizers: built from a config or loaded, prompted, and trained the same way.

Everything here is shared by the process reward model, the student and the preference step: the
tokenizer that makes a trace short, where in a trace the direction is said, the prompt, checkpoints
without pickle, and a training run that a kill can interrupt without changing its result.
"""
