"""Parties as officers look for them: by name, number, wallet or id, each with what stands against it now."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from compliance.models import Case, Party, PartyWallet, Restriction


def parties_found(text: str = "", *, restricted: bool = False) -> QuerySet[Party]:
    """The parties that fit, by name, each with `is_restricted` and `has_open_case`; no text narrows nothing.

    The text is sought in names, and is the whole of an id, a registration number, an LEI or a wallet. Whose data was
    erased has no name any more and is found by its id alone.
    """
    found = Party.objects.annotate(
        is_restricted=Exists(Restriction.objects.filter(party=OuterRef("pk"), lifted_at=None)),
        has_open_case=Exists(Case.objects.filter(party=OuterRef("pk")).exclude(state=Case.State.CLOSED)),
    ).order_by("name", "id")
    if restricted:
        found = found.filter(is_restricted=True)
    return found.filter(_fits(text)) if text else found.filter(erased_at=None)


def _fits(text: str) -> Q:
    try:
        named = Q(pk=UUID(text))
    except ValueError:
        named = Q(pk=None)
    wallets = PartyWallet.objects.filter(party=OuterRef("pk"), address__iexact=text)
    own = Q(name__icontains=text) | Q(registration_number__iexact=text) | Q(lei__iexact=text) | Exists(wallets)
    return named | (own & Q(erased_at=None))
