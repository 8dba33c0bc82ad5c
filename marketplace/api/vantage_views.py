"""What vantage points report: signed by themselves, so nobody has to log in."""

from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.services import vantages
from marketplace.api.base import checked


class ReportMade(serializers.Serializer[object]):
    """A vantage point's word."""

    report = serializers.CharField(max_length=2000)


class Reports(APIView):
    """Round trips."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]
    throttle_scope = "agent"
    schema = None

    def post(self, request: Request) -> Response:
        """What was measured stands; the same report again changes nothing."""
        row = vantages.take_report(checked(ReportMade, request)["report"])
        return Response({"measurement": str(row.pk)}, status=201)
