"""What is computed, in the field's terms, as the renter declares it in one word.

The size that parts training from large training is the one above which the Commission's guidelines of 2025-07-18 speak
of a general-purpose AI model: 1e23 operations.
"""

NO_MODEL, INFERENCE, FINE_TUNING, TRAINING, LARGE_TRAINING = KINDS = (
    "no_model",
    "inference",
    "fine_tuning",
    "training",
    "large_training",
)
UNTOLD = ""
# A model's weights change; BIS's policy statement of 2025-05-13 makes no difference between the ways to do it.
TRAINS = frozenset({FINE_TUNING, TRAINING, LARGE_TRAINING})
CALLED = {
    NO_MODEL: "no AI model",
    INFERENCE: "running a finished model",
    FINE_TUNING: "fine-tuning a model",
    TRAINING: "training a model below 1e23 operations",
    LARGE_TRAINING: "training a model of 1e23 operations or more",
}


def trains(kind: str) -> bool | None:
    """Whether a model is trained; None while it is not told."""
    return kind in TRAINS if kind else None
