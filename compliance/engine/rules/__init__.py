"""The rules by the name under which packs call them. Each has one source file by subject."""

from compliance.engine.rules import headquarters, owners, parties, places, screening, use
from compliance.engine.rules.base import RuleFunction

_FUNCTIONS: tuple[RuleFunction, ...] = (
    parties.facts_complete,
    parties.identity_level,
    parties.identity_current,
    parties.not_restricted,
    parties.two_parties,
    screening.lists_loaded,
    screening.lists_fresh,
    screening.everybody_screened,
    screening.listed_party,
    screening.owned_by_listed,
    screening.wallet_listed,
    screening.wallet_known,
    places.embargoed_country,
    places.embargoed_region,
    places.region_known,
    places.node_destination,
    places.location_conflict,
    owners.owners_disclosed,
    owners.owners_placed,
    headquarters.headquarters,
    headquarters.parent_known,
    headquarters.joint_headquarters,
    headquarters.training_at_scale,
    use.end_user_disclosed,
    use.end_user_is_renter,
    use.end_user_place,
    use.end_use_words,
    use.end_use_told,
    use.chips_classified,
)
RULES: dict[str, RuleFunction] = {function.__name__: function for function in _FUNCTIONS}
