"""Refusals that more than one service of the marketplace raises."""

from compliance.base.errors import Conflict, InvalidInput


class NotARenter(Conflict):
    """The organization is not set up to rent."""

    code = "not_a_renter"
    default_message = "This organization is not set up to rent. Nothing was changed; ask an owner to turn renting on."


class NotAProvider(Conflict):
    """The organization is not set up to provide."""

    code = "not_a_provider"
    default_message = (
        "This organization is not set up to provide. Nothing was changed; ask an owner to turn providing on."
    )


class FieldsInvalid(InvalidInput):
    """Named fields are malformed or out of range; `errors` says which and why."""

    code = "invalid_input"

    def __init__(self, errors: dict[str, str]) -> None:
        words = " ".join(f"{name}: {why}" for name, why in errors.items())
        super().__init__(f"{words} Nothing was changed.", errors=errors)
