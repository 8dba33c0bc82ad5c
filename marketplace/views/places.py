"""Where something stands, in words."""

from marketplace.forms.countries import country_name
from marketplace.models import Node


def place_of(node: Node) -> str:
    """`Brisbane, Queensland, Australia`, as far as it is known; ISO 3166-2 codes are left to machines."""
    coded = node.region == node.country or node.region.startswith(f"{node.country}-")
    parts = (node.city, "" if coded else node.region, country_name(node.country))
    return ", ".join(dict.fromkeys(part for part in parts if part))
