"""Split parameters that the tests of this folder share."""

from mard.config import Split

PARAMS = Split(
    warm_seed=42,
    cold_seed=43,
    val_share=0.1,
    test_share=0.1,
    subset_train=60,
    subset_val=10,
    subset_test=10,
    subset_cap_per_subtype=15,
    eval_sizes=[50, 20],
)
