"""From where a request comes: the house's own proxies are believed, and nobody else."""

import pytest
from django.test import RequestFactory

from compliance.models import PlaceSign
from marketplace.client_address import client_address


@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [
        (0, "", "192.0.2.9"),
        (0, "203.0.113.5", "192.0.2.9"),  # anybody may write it
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "198.51.100.1, 203.0.113.5", "203.0.113.5"),  # the first was written by the client
        (2, "198.51.100.1, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (2, "203.0.113.5", "203.0.113.5"),
        (1, "", "192.0.2.9"),
        (1, " , ", "192.0.2.9"),
    ],
)
def test_the_address_that_a_trusted_proxy_saw(settings, trusted, forwarded, expected):
    settings.TRUSTED_PROXIES = trusted
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="192.0.2.9", headers=headers)) == expected


def signs(party_id):
    return list(
        PlaceSign.objects.filter(party_id=party_id, kind__in=["login", "request"]).values_list("kind", "country")
    )


def test_a_login_is_a_sign_of_each_organization_of_the_person(client, cast, settings):
    settings.TRUSTED_PROXIES = 1
    cast.alice.set_password("a long password 1")
    cast.alice.save()
    answer = client.post(
        "/accounts/login/",
        {"login": cast.alice.email, "password": "a long password 1"},
        headers={"X-Forwarded-For": "203.0.113.1, 198.51.100.7"},
    )
    assert answer.status_code == 302
    parties = [each.organization.party_id for each in cast.alice.memberships.all()]
    assert parties
    assert [signs(party_id) for party_id in parties] == [[("login", "AU")]] * len(parties)


def test_a_wrong_password_is_no_sign(client, cast):
    client.post("/accounts/login/", {"login": cast.alice.email, "password": "wrong"})
    assert not PlaceSign.objects.filter(kind="login").exists()
