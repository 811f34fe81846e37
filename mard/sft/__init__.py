"""Mirror-augmented supervised fine-tuning: a pair and its mirror twin, learned together (Eq. 5)."""
