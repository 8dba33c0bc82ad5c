"""Addresses of the REST API."""

from django.urls import URLPattern, URLResolver, path

from marketplace.api import compliance, docs, documents, leases, money, nodes, offers, people, refunds, statements

app_name = "api"

urlpatterns: list[URLPattern | URLResolver] = [
    path("me", people.Me.as_view(), name="me"),
    path("organizations", people.Organizations.as_view(), name="organizations"),
    path("organizations/<uuid:pk>", people.OneOrganization.as_view(), name="organization"),
    path("organizations/<uuid:pk>/members", people.Members.as_view(), name="members"),
    path("organizations/<uuid:pk>/members/<uuid:member>", people.OneMember.as_view(), name="member"),
    path("api-keys", people.ApiKeys.as_view(), name="api-keys"),
    path("api-keys/<uuid:pk>", people.OneApiKey.as_view(), name="api-key"),
    path("gpu-models", offers.GpuModels.as_view(), name="gpu-models"),
    path("offers", offers.Offers.as_view(), name="offers"),
    path("offers/<uuid:pk>", offers.OneOffer.as_view(), name="offer"),
    path("offers/<uuid:pk>/pause", offers.PauseOffer.as_view(), name="offer-pause"),
    path("offers/<uuid:pk>/resume", offers.ResumeOffer.as_view(), name="offer-resume"),
    path("offers/<uuid:pk>/withdraw", offers.WithdrawOffer.as_view(), name="offer-withdraw"),
    path("nodes", nodes.Nodes.as_view(), name="nodes"),
    path("nodes/<uuid:pk>", nodes.OneNode.as_view(), name="node"),
    path("nodes/<uuid:pk>/retire", nodes.RetireNode.as_view(), name="node-retire"),
    path("enrolment-tokens", nodes.EnrolmentTokens.as_view(), name="enrolment-tokens"),
    path("leases", leases.Leases.as_view(), name="leases"),
    path("leases/<uuid:pk>", leases.OneLease.as_view(), name="lease"),
    path("leases/<uuid:pk>/stop", leases.StopLease.as_view(), name="lease-stop"),
    path("leases/<uuid:pk>/resume", leases.ResumeLease.as_view(), name="lease-resume"),
    path("leases/<uuid:pk>/logs", leases.LeaseLogs.as_view(), name="lease-logs"),
    path("leases/<uuid:pk>/refunds", refunds.LeaseRefunds.as_view(), name="lease-refunds"),
    path("leases/<uuid:pk>/receipt", leases.LeaseReceipt.as_view(), name="lease-receipt"),
    path("leases/<uuid:pk>/decision", leases.LeaseDecisions.as_view(), name="lease-decision"),
    path("leases/<uuid:pk>/deposit", leases.LeaseDeposit.as_view(), name="lease-deposit"),
    path("balance", money.Balance.as_view(), name="balance"),
    path("statement", statements.AccountStatement.as_view(), name="statement"),
    path("invoices", documents.Invoices.as_view(), name="invoices"),
    path("invoices/<uuid:pk>", documents.OneInvoice.as_view(), name="invoice"),
    path("invoices/<uuid:pk>/pdf", documents.InvoicePdf.as_view(), name="invoice-pdf"),
    path("billing", documents.Billing.as_view(), name="billing"),
    path("earnings", documents.EarningsStatement.as_view(), name="earnings"),
    path("exports/<slug:what>.<slug:form>", documents.Export.as_view(), name="export"),
    path("top-ups", money.TopUps.as_view(), name="top-ups"),
    path("top-ups/<uuid:pk>", money.OneTopUp.as_view(), name="top-up"),
    path("unused-money", refunds.UnusedMoney.as_view(), name="unused-money"),
    path("auto-top-up", money.AutomaticTopUp.as_view(), name="auto-top-up"),
    path("payouts", money.Payouts.as_view(), name="payouts"),
    path("decisions", compliance.Decisions.as_view(), name="decisions"),
    path("decisions/<uuid:pk>", compliance.OneDecision.as_view(), name="decision"),
    path("verification", compliance.Verification.as_view(), name="verification"),
    path("schema", docs.Schema.as_view(), name="schema"),
    path("docs", docs.Docs.as_view(), name="docs"),
]
