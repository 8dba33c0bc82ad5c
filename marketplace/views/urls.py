"""Addresses of the pages, all in the namespace `web`."""

from django.urls import include, path

from marketplace.views import (
    cases,
    catalogue,
    decisions,
    deposits,
    documents,
    earnings,
    evidence,
    leases,
    leasing,
    lists,
    money,
    organizations,
    owners,
    ownership_pages,
    payouts,
    platform,
    preferences,
    provider,
    rails,
    records,
    reports,
    requests,
    styleguide,
    verification,
    wallets,
)

market = [
    path("", catalogue.home, name="home"),
    path("catalogue", catalogue.catalogue, name="catalogue"),
    path("offers/<uuid:pk>", catalogue.offer, name="offer"),
    path("offers/<uuid:pk>/lease", leasing.lease_new, name="lease_new"),
    path("leases", leases.leases, name="leases"),
    path("leases/export.csv", leases.leases_csv, name="leases_csv"),
    path("leases/<uuid:pk>", leases.lease, name="lease"),
    path("leases/<uuid:pk>/live", leases.lease_live, name="lease_live"),
    path("leases/<uuid:pk>/deposit", deposits.deposit, name="deposit"),
    path("leases/<uuid:pk>/stop", leases.lease_stop, name="lease_stop"),
    path("leases/<uuid:pk>/receipt", leases.receipt, name="receipt"),
    path("decisions/<uuid:pk>", decisions.decision, name="decision"),
]
supply = [
    path("provider", earnings.dashboard, name="provider"),
    path("provider/payouts", payouts.payouts, name="payouts"),
    path("provider/nodes/enrol", provider.enrol, name="enrol"),
    path("provider/nodes/<uuid:pk>", provider.node, name="node"),
    path("provider/offers/new", provider.offer_new, name="offer_new"),
    path("provider/offers/<uuid:pk>/edit", provider.offer_edit, name="offer_edit"),
    path("provider/offers/<uuid:pk>/state", provider.offer_state, name="offer_state"),
]
organization = [
    path("verification", verification.verification, name="verification"),
    path("verification/check", verification.check, name="identity_check"),
    path("verification/wallet", wallets.wallet_proof, name="wallet_proof"),
    path("verification/owners/<uuid:pk>", owners.owners, name="owners"),
    path("verification/ownership", ownership_pages.ownership, name="ownership"),
    path("verification/ownership/undo", ownership_pages.undo, name="ownership_undo"),
    path("verification/ownership/import", ownership_pages.import_file, name="ownership_import"),
    path("requests/<uuid:pk>", requests.answer, name="answer"),
    path("organization", organizations.organization, name="organization"),
    path("organization/members/<uuid:pk>/role", organizations.member_role, name="member_role"),
    path("organization/members/<uuid:pk>/remove", organizations.member_remove, name="member_remove"),
    path("organization/keys/<uuid:pk>/revoke", organizations.key_revoke, name="key_revoke"),
    path("organization/<uuid:pk>/switch", preferences.switch_organization, name="switch_organization"),
    path("money", money.money, name="money"),
    path("money/card", rails.card_form, name="card_form"),
    path("provider/payouts/account", rails.payout_account, name="payout_account"),
    path("provider/payouts/wallet", rails.payout_wallet, name="payout_wallet"),
]
staff = [
    path("cases", cases.cases, name="cases"),
    path("cases/<uuid:pk>", cases.case, name="case"),
    path("cases/<uuid:pk>/ownership", ownership_pages.case_ownership, name="case_ownership"),
    path("cases/<uuid:pk>/documents/<uuid:document_id>", documents.document, name="document"),
    path("cases/<uuid:pk>/documents/<uuid:document_id>/pages/<int:number>", documents.page, name="document_page"),
    path("cases/<uuid:pk>/documents/<uuid:document_id>/refuse", documents.refuse, name="document_refuse"),
    path("cases/<uuid:pk>/checks/<uuid:check_id>", documents.proven, name="proven"),
    path("platform", platform.platform, name="platform"),
    path("platform/lists", lists.list_file, name="list_file"),
    path("audit", platform.audit, name="audit"),
    path("records", records.records, name="records"),
    path("records/reports", reports.report_list, name="reports"),
    path("records/reports/<uuid:pk>", reports.report_page, name="report"),
    path("records/reports/<uuid:pk>.<str:form>", reports.report_file, name="report_file"),
    path("records/evidence", evidence.evidence, name="evidence"),
    path("records/evidence/<uuid:pk>.zip", evidence.evidence_file, name="evidence_file"),
]
person = [
    path("account", preferences.account, name="account"),
    path("theme", preferences.theme, name="theme"),
    path("styleguide", styleguide.styleguide, name="styleguide"),
]

urlpatterns = [path("", include((market + supply + organization + staff + person, "web")))]
