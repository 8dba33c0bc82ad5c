"""The image that the story's workloads run in: made from files of this machine, for a closed one pulls nothing."""

from gridclear.agent import demo_image
from gridclear.agent.runners.daemon import answers

IMAGE = demo_image.TAG


def ensure_image() -> bool:
    """The story's image lies in Docker's store; False when no Docker daemon answers, and agents run processes."""
    if not answers():
        return False
    demo_image.build()
    return True
