"""The country codes that parties, nodes and end users may have."""

from compliance.engine.country_codes import ISO_COUNTRIES

__all__ = ["ISO_COUNTRIES"]
