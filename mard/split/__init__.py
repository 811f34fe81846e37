"""The three protocols, the teacher subset and the evaluation manifests (section 4)."""
