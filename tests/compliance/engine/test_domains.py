"""Which names can be a company's own domain."""

import pytest

from compliance.engine.domains import NoCompanyDomain, company_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("lioncity.com.sg", "lioncity.com.sg"),
        ("www.lioncity.com.sg", "lioncity.com.sg"),
        ("https://www.LionCity.com.sg/about?x=1", "lioncity.com.sg"),
        ("deep.under.lioncity.com.sg.", "lioncity.com.sg"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("  brisbane.net.au ", "brisbane.net.au"),
    ],
)
def test_a_companys_name_is_cut_to_what_is_registered(text, domain):
    assert company_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "com",
        "com.sg",
        "co.uk",
        "github.io",
        "somebody",
        "localhost",
        "printer.local",
        "db.internal",
        "wiki.corp",
        "hidden.onion",
        "127.0.0.1",
        "10.0.0.8",
        "[::1]",
        "169.254.169.254",
        "2130706433",
        "exa mple.com",
        "-bad.com",
        "bad-.com",
        "a" * 64 + ".com",
        ("a" * 60 + ".") * 5 + "com",
        "under_score.com",
        "nul\x00.com",
        "evil.com:53",
        "user@evil.com",
        "lion.nosuchsuffixanywhere",
    ],
)
def test_other_names_are_refused(text):
    with pytest.raises(NoCompanyDomain):
        company_domain(text)


@pytest.mark.parametrize(
    "text", ["gmail.com", "mail.google.gmail.com", "qq.com", "outlook.com", "yahoo.co.uk", "GMX.de"]
)
def test_free_mailboxes_are_nobodys_company(text):
    with pytest.raises(NoCompanyDomain, match="free mailboxes"):
        company_domain(text)


def test_somebody_under_a_hosters_suffix_is_its_own_domain():
    assert company_domain("www.lioncity.github.io") == "lioncity.github.io"
