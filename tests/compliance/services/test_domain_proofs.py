"""A domain is proven by its record or by a letter; the records are asked of a real DNS server on loopback."""

from datetime import timedelta

import pytest
from django.db import transaction

from compliance.base.audit import AuditEvent
from compliance.base.errors import Conflict, NotFound
from compliance.base.outside import NetworkInTransaction
from compliance.models import DomainProof
from compliance.selectors.domain_proofs import has_proven_domain
from compliance.services import domain_proofs, parties
from compliance.services.domain_proofs import CodeSpent, DomainNotProven, DomainRefused
from compliance.services.parties import PartyInput
from compliance.sources import dns
from compliance.sources.dns import DnsUnavailable
from tests.compliance.services.conftest import ALICE, OLGA
from tests.factories.dns_server import running_zone

NAME = "_gridclear-challenge.lioncity.com.sg"


@pytest.fixture
def zone(settings):
    with running_zone() as server:
        settings.GRIDCLEAR_DNS_SERVER = server.address
        yield server


@pytest.fixture
def stranger(db):
    return parties.register_party(PartyInput("entity", "Stranger Systems Oy", "FI"), actor=ALICE)


@pytest.fixture
def asked(lion) -> DomainProof:
    return domain_proofs.begin_by_dns(lion.pk, "www.lioncity.com.sg", actor=ALICE)


class TestByDns:
    def test_the_record_proves_it(self, lion, asked, zone, clock):
        zone.records[NAME] = ["v=spf1 -all", domain_proofs.record_value(asked)]
        assert domain_proofs.record_name(asked) == NAME
        row = domain_proofs.prove_by_dns(asked.pk, lion.pk, actor=ALICE)
        assert (row.state, row.proven_at, row.state_deadline_at) == (
            "proven",
            clock.now(),
            clock.now() + timedelta(180),
        )
        assert has_proven_domain(lion.pk)
        assert zone.asked == [f"{NAME} TXT"], "nothing else was asked, and of nobody else"

    def test_a_record_may_be_split_into_strings(self, lion, asked, zone):
        value = domain_proofs.record_value(asked)
        zone.records[NAME] = [f"{value[:20]}|{value[20:]}"]
        assert domain_proofs.prove_by_dns(asked.pk, lion.pk, actor=ALICE).state == "proven"

    @pytest.mark.parametrize("records", [None, [], ["gridclear-verification=other"], ["gridclear-verification="]])
    def test_without_the_record_nothing_is_proven(self, lion, asked, zone, records):
        if records is not None:
            zone.records[NAME] = records
        with pytest.raises(DomainNotProven):
            domain_proofs.prove_by_dns(asked.pk, lion.pk, actor=ALICE)
        assert not has_proven_domain(lion.pk)

    @pytest.mark.parametrize("mode", ["servfail", "silent", "garbage"])
    def test_a_server_that_does_not_answer_is_no_answer(self, lion, asked, zone, mode, monkeypatch):
        monkeypatch.setattr(dns, "LIFETIME_SECONDS", 0.5)
        zone.mode = mode
        with pytest.raises(DnsUnavailable):
            domain_proofs.prove_by_dns(asked.pk, lion.pk, actor=ALICE)
        asked.refresh_from_db()
        assert asked.state == "pending"

    def test_another_partys_record_is_not_found(self, stranger, asked, zone):
        zone.records[NAME] = [domain_proofs.record_value(asked)]
        with pytest.raises(NotFound):
            domain_proofs.prove_by_dns(asked.pk, stranger.pk, actor=ALICE)

    def test_the_record_of_one_party_proves_nothing_for_another(self, lion, stranger, asked, zone):
        theirs = domain_proofs.begin_by_dns(stranger.pk, "lioncity.com.sg", actor=ALICE)
        zone.records[NAME] = [domain_proofs.record_value(asked)]
        with pytest.raises(DomainNotProven):
            domain_proofs.prove_by_dns(theirs.pk, stranger.pk, actor=ALICE)

    def test_asking_again_is_the_same_record(self, lion, asked):
        assert domain_proofs.begin_by_dns(lion.pk, "lioncity.com.sg", actor=ALICE).pk == asked.pk

    def test_after_a_week_it_has_to_begin_anew(self, lion, asked, zone, clock):
        zone.records[NAME] = [domain_proofs.record_value(asked)]
        clock.advance(days=7)
        with pytest.raises(NotFound):
            domain_proofs.prove_by_dns(asked.pk, lion.pk, actor=ALICE)
        again = domain_proofs.begin_by_dns(lion.pk, "lioncity.com.sg", actor=ALICE)
        assert again.pk != asked.pk

    def test_no_resolver_is_asked_in_a_transaction(self, lion, asked, zone):
        with pytest.raises(NetworkInTransaction), transaction.atomic():
            domain_proofs.prove_by_dns(asked.pk, lion.pk, actor=ALICE)
        assert zone.asked == []

    @pytest.mark.parametrize("domain", ["gmail.com", "com.sg", "10.0.0.1", "db.internal", "", "x" * 300])
    def test_what_is_no_companys_domain_is_refused_before_anything_is_asked(self, lion, zone, domain):
        with pytest.raises(DomainRefused):
            domain_proofs.begin_by_dns(lion.pk, domain, actor=ALICE)
        assert not DomainProof.objects.exists()
        assert zone.asked == []

    def test_only_so_many_at_once(self, lion):
        for number in range(5):
            domain_proofs.begin_by_dns(lion.pk, f"lion{number}.com", actor=ALICE)
        with pytest.raises(Conflict):
            domain_proofs.begin_by_dns(lion.pk, "lion5.com", actor=ALICE)


class TestByLetter:
    @pytest.fixture
    def letter(self, lion):
        return domain_proofs.begin_by_letter(lion.pk, "finance@lioncity.com.sg", actor=ALICE)

    def test_the_code_proves_it_once(self, lion, letter):
        row, code = letter
        assert len(code) == 8
        assert domain_proofs.prove_by_code(row.pk, lion.pk, f" {code[:4]} {code[4:]} ", actor=ALICE).state == "proven"
        with pytest.raises(CodeSpent):
            domain_proofs.prove_by_code(row.pk, lion.pk, code, actor=ALICE)

    def test_neither_code_nor_address_is_kept(self, letter):
        row, code = letter
        everything = str(list(DomainProof.objects.values())) + str(list(AuditEvent.objects.values()))
        assert code not in everything
        assert "finance@" not in everything
        assert len(row.code_digest) == 64

    def test_five_wrong_codes_spend_it(self, lion, letter):
        row, code = letter
        wrong = "00000000" if code != "00000000" else "11111111"
        for _ in range(5):
            with pytest.raises(DomainNotProven):
                domain_proofs.prove_by_code(row.pk, lion.pk, wrong, actor=ALICE)
        with pytest.raises(CodeSpent):
            domain_proofs.prove_by_code(row.pk, lion.pk, code, actor=ALICE)
        assert not has_proven_domain(lion.pk)

    def test_it_lasts_half_an_hour(self, lion, letter, clock):
        row, code = letter
        clock.advance(minutes=30)
        with pytest.raises(CodeSpent):
            domain_proofs.prove_by_code(row.pk, lion.pk, code, actor=ALICE)

    def test_a_new_letter_ends_the_old_code(self, lion, letter):
        row, code = letter
        again, fresh = domain_proofs.begin_by_letter(lion.pk, "ceo@lioncity.com.sg", actor=ALICE)
        with pytest.raises(CodeSpent):
            domain_proofs.prove_by_code(row.pk, lion.pk, code, actor=ALICE)
        with pytest.raises(DomainNotProven):
            domain_proofs.prove_by_code(again.pk, lion.pk, code, actor=ALICE)
        assert domain_proofs.prove_by_code(again.pk, lion.pk, fresh, actor=ALICE).state == "proven"

    def test_another_partys_code_is_not_found(self, stranger, letter):
        row, code = letter
        with pytest.raises(NotFound):
            domain_proofs.prove_by_code(row.pk, stranger.pk, code, actor=ALICE)

    @pytest.mark.parametrize("code", ["", "abc", "٣" * 8])
    def test_what_is_no_code_proves_nothing(self, lion, letter, code):
        with pytest.raises(DomainNotProven):
            domain_proofs.prove_by_code(letter[0].pk, lion.pk, code, actor=ALICE)

    def test_nobodys_mailbox_is_filled(self, lion, clock):
        for _ in range(5):
            domain_proofs.begin_by_letter(lion.pk, "ceo@lioncity.com.sg", actor=ALICE)
        with pytest.raises(Conflict, match="Too many letters"):
            domain_proofs.begin_by_letter(lion.pk, "ceo@lioncity.com.sg", actor=ALICE)
        clock.advance(hours=1)
        domain_proofs.begin_by_letter(lion.pk, "ceo@lioncity.com.sg", actor=ALICE)

    @pytest.mark.parametrize("address", ["me@gmail.com", "me@mail.ru", "nobody", "a@b"])
    def test_free_mailboxes_get_no_letter(self, lion, address):
        with pytest.raises(DomainRefused):
            domain_proofs.begin_by_letter(lion.pk, address, actor=ALICE)
        assert not DomainProof.objects.exists()


class TestLater:
    def prove(self, lion, asked, zone):
        zone.records[NAME] = [domain_proofs.record_value(asked)]
        domain_proofs.prove_by_dns(asked.pk, lion.pk, actor=ALICE)

    def test_a_record_that_still_stands_goes_on(self, lion, asked, zone, clock):
        self.prove(lion, asked, zone)
        clock.advance(days=180)
        assert not has_proven_domain(lion.pk)
        assert domain_proofs.sweep_domain_proofs(actor=OLGA) == 1
        assert has_proven_domain(lion.pk)
        assert domain_proofs.sweep_domain_proofs(actor=OLGA) == 0

    def test_a_record_that_went_ends_it(self, lion, asked, zone, clock):
        self.prove(lion, asked, zone)
        del zone.records[NAME]
        clock.advance(days=180)
        domain_proofs.sweep_domain_proofs(actor=OLGA)
        asked.refresh_from_db()
        assert asked.state == "ended"

    def test_a_resolver_that_is_down_changes_nothing_for_a_week(self, lion, asked, zone, clock):
        self.prove(lion, asked, zone)
        zone.mode = "servfail"
        clock.advance(days=183)
        assert domain_proofs.sweep_domain_proofs(actor=OLGA) == 0
        clock.advance(days=4)
        assert domain_proofs.sweep_domain_proofs(actor=OLGA) == 1
        asked.refresh_from_db()
        assert asked.state == "ended"

    def test_what_a_letter_proved_is_proven_anew_by_a_letter(self, lion, clock):
        row, code = domain_proofs.begin_by_letter(lion.pk, "ceo@lioncity.com.sg", actor=ALICE)
        domain_proofs.prove_by_code(row.pk, lion.pk, code, actor=ALICE)
        clock.advance(days=180)
        domain_proofs.sweep_domain_proofs(actor=OLGA)
        row.refresh_from_db()
        assert row.state == "ended"

    def test_what_nobody_finishes_lapses(self, lion, asked, clock):
        clock.advance(days=7)
        assert domain_proofs.sweep_domain_proofs(actor=OLGA) == 1
        asked.refresh_from_db()
        assert asked.state == "lapsed"
