"""Letters to an organization's owners: whatever stands in its name or in a fact is said as it is."""

import pytest
from django.core import mail as outbox

from marketplace.services import mail
from tests.cast import Cast


@pytest.mark.parametrize("name", ["Lion {why} City", "{name}", "{0} {", "}"])
def test_a_name_and_a_fact_with_braces_are_said_as_they_are(shared_cast: Cast, name: str):
    shared_cast.lion.name = name
    shared_cast.lion.save(update_fields=["name"])
    assert mail.tell_owners(shared_cast.lion.party_id, "A subject", "Of {name}: {why}", why="{name} }")
    (letter,) = outbox.outbox
    assert letter.to == [shared_cast.alice.email]
    assert letter.body.startswith(f"Of {name}: {{name}} }}\n")
