"""Faults at random points under load: nothing is lost, nothing is doubled, nobody computes for free."""
