"""Many names, kept so that the few that may be meant are found in a thousandth of a second.

An index is one block of bytes: made once for a set of lists, then read in place, by any number of processes from one
file in memory.
"""
