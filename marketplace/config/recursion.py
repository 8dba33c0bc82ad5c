"""Python's own bound on recursion, kept.

`py_ecc`, which web3 needs, lifts it to 100,000 for the whole process as it is imported. `json` counts nested brackets
against that bound on the C stack, which ends long before: one body of 100,000 brackets would end the process. It is
imported here first, so that no later import lifts the bound again.
"""

import sys

_LIMIT = sys.getrecursionlimit()

import py_ecc  # noqa: E402, F401 - for what it does to the bound

sys.setrecursionlimit(_LIMIT)
