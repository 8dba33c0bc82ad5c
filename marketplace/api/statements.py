"""Statements of an organization's own accounts, for its bookkeeping."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.base import clock
from marketplace.api.base import ApiView
from marketplace.api.money_fields import CurrencyField
from marketplace.exports import ACCOUNTS
from settlement.selectors.statements import MOST_LINES, Statement, as_csv, statement


class StatementWanted(serializers.Serializer[object]):
    """Which account, from when to when, and how it is to be written."""

    account = serializers.ChoiceField(choices=ACCOUNTS, default="available")
    pot = serializers.ChoiceField(choices=["card", "escrow"], default="card")
    currency = CurrencyField(default="USD")
    since = serializers.DateTimeField(required=False, allow_null=True, default=None)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Not included")
    cursor = serializers.CharField(max_length=80, allow_blank=True, default="")
    limit = serializers.IntegerField(min_value=1, max_value=MOST_LINES, default=100)
    written = serializers.ChoiceField(choices=["json", "csv"], default="json")


class StatementLineShape(serializers.Serializer[object]):
    """One entry, and the balance after it."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    memo = serializers.CharField()
    transfer_id = serializers.UUIDField()
    subject_id = serializers.UUIDField(allow_null=True, help_text="The lease, top-up or payout")
    amount_minor = serializers.IntegerField()
    balance_minor = serializers.IntegerField()


class StatementShape(serializers.Serializer[object]):
    """One page of an account's statement."""

    account = serializers.CharField(source="kind")
    pot = serializers.CharField()
    currency = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField()
    opening_minor = serializers.IntegerField(help_text="Before the first line of this page")
    closing_minor = serializers.IntegerField(help_text="At `until`, whatever page this is")
    lines = StatementLineShape(many=True)
    next_cursor = serializers.CharField(help_text="Empty on the last page")


class AccountStatement(ApiView):
    """The organization's own account, at any instant."""

    @extend_schema(
        operation_id="statement",
        parameters=[StatementWanted],
        responses={(200, "application/json"): StatementShape, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> Response | HttpResponse:
        """Opening, lines with the balance after each, closing; page by page, as JSON or CSV."""
        read = StatementWanted(data=request.query_params)
        read.is_valid(raise_exception=True)
        found = self._statement(read.validated_data)
        if read.validated_data["written"] == "json":
            return Response(StatementShape(found).data)
        answer = HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="gridclear-statement.csv"'
        answer["Next-Cursor"] = found.next_cursor
        return answer

    def _statement(self, wanted: dict[str, Any]) -> Statement:
        # Up to and including this very instant, when no end is named.
        until: datetime = wanted["until"] or clock.now() + timedelta(microseconds=1)
        return statement(
            kind=wanted["account"],
            pot=wanted["pot"],
            currency=wanted["currency"],
            party_id=self.principal.organization.party_id,
            since=wanted["since"],
            until=until,
            cursor=wanted["cursor"],
            limit=wanted["limit"],
        )
