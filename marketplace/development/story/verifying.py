"""Getting verified: the company submits its forms, an officer looks at the case and agrees."""

from marketplace.development.story.people import (
    Renter,
    act,
    find_case,
    is_verified,
    officer,
    renter,
    submit_verification,
)
from marketplace.development.story.stage import Stage
from marketplace.development.world import LION_CITY, OFFICERS, Company


def verified_renter(stage: Stage, base_url: str, company: Company, end_use: str) -> Renter:
    """The company is a verified renter, at its first play by sign-up and forms, later by its login."""
    person = renter(base_url, company)
    if is_verified(person.web):
        stage.step(f"{company.name} logged in; it is verified")
        return person
    by_vendor = company is LION_CITY
    submit_verification(person, end_use, by_vendor=by_vendor)
    stage.step(f"{company.name} signed up, declared itself and its owners, and handed in its papers")
    if by_vendor:
        stage.step("its director showed passport and face at the identity check, which found them to be hers")
    email, name = OFFICERS[0]
    desk = officer(base_url, email)
    act(desk, find_case(desk, company.name, 'value="verify"'), "verify")
    stage.expect(is_verified(person.web), f"officer {name} looked at it and verified it")
    return person
