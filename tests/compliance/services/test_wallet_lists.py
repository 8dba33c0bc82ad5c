"""The wallets that OFAC listed and took off between September 2024 and December 2025, as two versions of one list."""

import pytest
from eth_utils.address import to_checksum_address

from compliance.base.actor import Actor, system
from compliance.models import Case, ListedWallet, WatchlistVersion
from compliance.selectors.list_changes import changes_of
from compliance.selectors.restrictions import is_restricted
from compliance.services import cases, gate, parties, rescreening
from compliance.services.listing import wallet_key
from compliance.services.watchlists import WatchlistRefused
from tests.compliance.services.lists_by_hand import wallet_list
from tests.factories.compliance import OFFICER, SECOND_OFFICER, lease_request, load_sample_lists, verified_company

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]

ACTOR = Actor("user", "renter")
SWEEP = system("rescreening")


def addresses(folder, prefix=""):
    """(currency, address) by what look-ups compare, each address once."""
    found = {}
    for file in sorted(folder.glob(f"{prefix}*.txt")):
        for line in file.read_text().split():
            found.setdefault(wallet_key(line), (file.stem.removeprefix(prefix), line))
    return found


@pytest.fixture
def snapshots(shared_data):
    crypto = shared_data / "crypto"
    return addresses(crypto / "0xB10C_2024-09-27"), addresses(crypto / "brave_2025-12-04", "sanctioned_addresses_")


@pytest.fixture
def world(snapshots, tmp_path):
    """The old list is in force and has been gone through; returns where the list is written."""
    old, _ = snapshots
    load_sample_lists()
    WatchlistVersion.objects.filter(watchlist="opensanctions").update(state="superseded")
    wallet_list(tmp_path / "wallets.json", old.values())
    rescreening.rescreen_after_list_changes(actor=SWEEP)
    return tmp_path / "wallets.json"


def pick(keys):
    return to_checksum_address(min(key for key in keys if key.startswith("0x")))


def load_new(world, new):
    """Ninety of the addresses went (Tornado Cash's), which is a loss that two officers have to let in."""
    with pytest.raises(WatchlistRefused, match="more than 5 %"):
        wallet_list(world, new.values())
    case = Case.objects.get(kind="list_alarm")
    cases.propose_disposition(case.pk, "release", "list_is_sound", "OFAC delisted them on 2025-03-21.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Checked.", actor=SECOND_OFFICER)
    return wallet_list(world, new.values(), allow_shrink=True, reference=str(case.number))


def test_the_delta_of_the_two_snapshots_is_theirs(world, snapshots):
    old, new = snapshots
    version = load_new(world, new)
    came, went = new.keys() - old.keys(), old.keys() - new.keys()
    assert (len(came), len(went)) == (224, 90)

    def keys(kind, side):
        entries = [getattr(row, side) for row in changes_of(version, kind)]
        rows = ListedWallet.objects.filter(listed_party__in=entries)
        return set(rows.values_list("address_key", flat=True))

    assert keys("added", "new_entry") >= came
    assert keys("removed", "old_entry") >= went
    assert version.row_count == len(new)
    listed = set(ListedWallet.objects.filter(listed_party__version=version).values_list("address", flat=True))
    assert listed == {address for _, address in new.values()}, "letter case is kept"


def test_a_wallet_that_comes_freezes_and_one_that_goes_is_looked_at_again(world, snapshots):
    old, new = snapshots
    goes, comes = pick(old.keys() - new.keys()), pick(new.keys() - old.keys())
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    frozen, free = verified_company("Orchard Analytics Pte Ltd", "SG"), verified_company("Lion City Labs Pte Ltd", "SG")
    parties.link_wallet(frozen.pk, goes, actor=ACTOR)
    rescreening.rescreen_all(actor=SWEEP)
    case = Case.objects.get(kind="screening_hit", party=frozen)
    parties.link_wallet(free.pk, comes, actor=ACTOR)
    clearance = gate.require(lease_request(free, provider, rail="escrow", wallet=comes), actor=ACTOR)
    load_new(world, new)
    done = rescreening.rescreen_after_list_changes(actor=SWEEP)
    assert (done.frozen, done.reopened) == (1, 1)
    clearance.refresh_from_db()
    assert clearance.revoked_reason == "SCREENING_HIT"
    assert is_restricted(free.pk)
    case.refresh_from_db()
    assert case.summary.startswith("No longer on opensanctions")
    assert is_restricted(frozen.pk)
    cases.propose_disposition(case.pk, "release", "listing_removed", "Delisted.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    assert gate.require(lease_request(frozen, provider, rail="escrow", wallet=goes), actor=ACTOR)
