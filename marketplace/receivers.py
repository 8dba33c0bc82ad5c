"""Upward signals of the lower apps are answered here, and only here."""
