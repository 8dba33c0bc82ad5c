"""The story of the issue, played by `make run` on real parts: every scene held."""

import pytest


@pytest.mark.parametrize("scene", "abcdefgh")
def test_scene_held(house, scene):
    assert house.story()[scene] == "held", house.printed[-6000:]
