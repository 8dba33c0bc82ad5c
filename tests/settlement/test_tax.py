"""How a supply is taxed, side by side with its neighbours; what is not told is not guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.tax import TaxParty, TaxUntold, Treatment, place_of_supply, tax_within
from settlement.vat_numbers import fits, tidy

BERLIN = TaxParty("Berlin Rechenwerk GmbH", "Allee 1\n10115 Berlin", "DE", "DE123456789", scheme="eu_vat")
PARIS = TaxParty("Calcul SA", "1 rue de Rivoli\n75001 Paris", "FR", "FR40303265045")
CONSUMER = TaxParty("A. Person", "2 rue de Rivoli\n75001 Paris", "FR")
SINGAPORE = TaxParty("Lion City Labs Pte Ltd", "1 Raffles Place", "SG")


@pytest.mark.parametrize(
    ("customer", "treatment", "rate_of"),
    [
        (TaxParty("Nachbar GmbH", "Allee 2", "DE", "DE987654321"), Treatment.DOMESTIC, "DE"),
        (TaxParty("Nachbar", "Allee 2", "DE"), Treatment.DOMESTIC, "DE"),
        (PARIS, Treatment.REVERSE_CHARGE, ""),
        (CONSUMER, Treatment.DESTINATION, "FR"),
        (TaxParty("Falsch SA", "3 rue de Rivoli", "FR", "DE123456789"), Treatment.DESTINATION, "FR"),
        (SINGAPORE, Treatment.OUTSIDE, ""),
    ],
)
def test_places_of_supply_of_a_seller_in_the_eu(customer, treatment, rate_of):
    place = place_of_supply(BERLIN, customer)
    assert (place.treatment, place.rate_of) == (treatment, rate_of)
    assert ("Reverse charge" in place.words(BERLIN)) == (treatment is Treatment.REVERSE_CHARGE)


def test_a_seller_without_tax_says_why_in_its_own_words():
    seller = TaxParty("Small Seller", "", "SG", scheme="none", note="Not registered for GST {yet}.")
    place = place_of_supply(seller, PARIS)
    assert place.treatment is Treatment.NOT_CHARGED
    assert place.words(seller) == "Not registered for GST {yet}."


@pytest.mark.parametrize(
    ("seller", "customer"),
    [
        (TaxParty("No Scheme", "", "DE", "DE123456789"), PARIS),
        (TaxParty("No Number", "", "DE", scheme="eu_vat"), PARIS),
        (TaxParty("Foreign Number", "", "DE", "FR40303265045", scheme="eu_vat"), PARIS),
        (TaxParty("Not In The EU", "", "SG", "SG1", scheme="eu_vat"), PARIS),
        (BERLIN, TaxParty("Nowhere", "", "FR")),
        (BERLIN, TaxParty("Nowhere", "somewhere", "")),
    ],
)
def test_what_is_not_told_is_not_guessed(seller, customer):
    with pytest.raises(TaxUntold):
        place_of_supply(seller, customer)


@pytest.mark.parametrize(
    ("number", "country", "right"),
    [
        ("DE 123.456-789", "DE", True),
        ("EL123456789", "GR", True),
        ("GR123456789", "GR", False),
        ("DE12345678", "DE", False),
        ("123456789", "DE", False),
        ("IE1234567WA", "IE", True),
        ("GB999999973", "GB", False),
        ("DE１２３４５６７８９", "DE", False),
    ],
)
def test_forms_of_vat_numbers(number, country, right):
    assert fits(tidy(number), country) is right


@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_the_tax_in_a_price_is_the_nearest_whole_one(gross, rate):
    tax = tax_within(gross, rate)
    assert 0 <= tax <= gross
    # Twice the difference from the exact share is no more than one minor unit.
    assert abs(2 * (tax * (10_000 + rate) - gross * rate)) <= 10_000 + rate


def test_worked_taxes():
    assert [tax_within(gross, 1_900) for gross in (11_900, 100, 1, 3, 4)] == [1_900, 16, 0, 0, 1]
