"""Domains as companies have them: registrable, under a public suffix, and no provider of free mailboxes."""

import re
from functools import lru_cache
from pathlib import Path

from publicsuffixlist import PublicSuffixList

MOST_CHARACTERS = 253
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# RFC 6761, RFC 7686, RFC 9476 and what private networks use: no company is there.
_SPECIAL = frozenset(
    {
        "alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localhost",
        "onion", "private", "test",
    }
)  # fmt: skip
_FREE_MAIL = Path(__file__).resolve().parent / "free_mail.txt"


class NoCompanyDomain(ValueError):
    """The text names no domain that could be a company's own; the message is for the person who wrote it."""


def company_domain(text: str) -> str:
    """The registrable domain that the text names, in lower case and in ASCII (punycode). Raises NoCompanyDomain.

    `www.` and deeper names are cut to the registrable domain: who holds that holds them too.
    """
    name = text.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0].rstrip(".")
    try:
        ascii_name = name.encode("idna").decode() if name else ""
    except UnicodeError as error:
        raise NoCompanyDomain("This is no domain name.") from error
    labels = ascii_name.split(".")
    if len(ascii_name) > MOST_CHARACTERS or len(labels) < 2 or not all(_LABEL.fullmatch(each) for each in labels):
        raise NoCompanyDomain("This is no domain name, such as company.com.")
    if labels[-1].isdigit() or labels[-1] in _SPECIAL:
        raise NoCompanyDomain("This name is not on the public internet.")
    found = _suffixes().privatesuffix(ascii_name)
    if not found:
        raise NoCompanyDomain("This is a public suffix under which many register, not a company's own domain.")
    if found in _free_mail():
        raise NoCompanyDomain("This is a provider of free mailboxes, not a company's own domain.")
    return str(found)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """The list with its private section (github.io, blogspot.com …) and without the rule that any name is one."""
    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=1)
def _free_mail() -> frozenset[str]:
    lines = _FREE_MAIL.read_text(encoding="ascii").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
