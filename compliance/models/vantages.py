"""Vantage points, and what each measured of a node: how far away the node is at most."""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from compliance.base.models import Row
from compliance.base.walls import Wall


class VantagePoint(Row):
    """A small responder that the operator runs at a known place; it signs what it measures."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    latitude = models.FloatField()
    longitude = models.FloatField()
    url = models.CharField(max_length=200, help_text="Where agents reach it: https, or http on loopback")
    public_key = models.CharField(max_length=64, unique=True, help_text="Ed25519, raw, base64url")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                name="vantage_stands_on_the_globe",
            )
        ]

    def __str__(self) -> str:
        return self.name


MEASURED_ONCE = """
IF OLD.measured_at IS NOT NULL THEN
    RAISE EXCEPTION 'a measurement is made once' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class PlaceMeasurement(Row):
    """One node asked to answer one vantage point, and the shortest round trip of its answers.

    Made when the node is asked (the ticket bears its id); it stays without an answer when none came in time, and is
    swept then. Kept as long as decisions rest on it.
    """

    node_id = models.UUIDField()
    vantage = models.ForeignKey(VantagePoint, on_delete=models.PROTECT, related_name="measurements")
    expires_at = models.DateTimeField(help_text="Of the ticket; an answer after it is refused")
    measured_at = models.DateTimeField(null=True, blank=True)
    rounds = models.PositiveSmallIntegerField(default=0)
    least_us = models.PositiveIntegerField(null=True, blank=True, help_text="Microseconds, the least of the rounds")
    median_us = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["node_id", "vantage", "-measured_at"]),
            models.Index(fields=["expires_at"], condition=Q(measured_at=None), name="place_ticket_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(measured_at=None, least_us=None) | Q(rounds__gt=0, least_us__lte=F("median_us")),
                name="place_measurement_is_whole",
            )
        ]
        triggers = [
            Wall(name="place_measured_once", when=pgtrigger.Before, operation=pgtrigger.Update, func=MEASURED_ONCE)
        ]

    def __str__(self) -> str:
        return f"{self.node_id} from {self.vantage_id}"
