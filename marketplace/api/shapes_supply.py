"""The shapes of models, nodes and offers in the API. Money is USD cents, times are UTC."""

from rest_framework import serializers

from marketplace.api.money_fields import MinorField
from marketplace.models import Offer


class GpuModelShape(serializers.Serializer[object]):
    """A model of the catalogue."""

    slug = serializers.CharField()
    name = serializers.CharField()
    vendor = serializers.CharField()
    memory_gib = serializers.IntegerField()
    eccn = serializers.CharField()
    controlled = serializers.BooleanField()


class PlaceShape(serializers.Serializer[object]):
    """The machine of an offer, as anybody may know it."""

    id = serializers.UUIDField()
    country = serializers.CharField()
    region = serializers.CharField()
    city = serializers.CharField()
    cpu_count = serializers.IntegerField()
    ram_mib = serializers.IntegerField()
    disk_gib = serializers.IntegerField()
    network_mbps = serializers.IntegerField()
    simulated = serializers.BooleanField()
    online = serializers.SerializerMethodField()

    def get_online(self, node: object) -> bool:
        """Whether its agent gives signs of life."""
        return bool(getattr(node, "state", "") == "online")


class OrganizationNameShape(serializers.Serializer[object]):
    """Whose it is."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class OfferShape(serializers.Serializer[object]):
    """An offer with what is free of it now."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Offer.State.choices)
    provider = OrganizationNameShape(source="organization")
    gpu_model = GpuModelShape()
    gpu_count = serializers.IntegerField(help_text="The most that one lease may take")
    free_gpus = serializers.IntegerField(help_text="What one lease could take now")
    price_minor_per_gpu_hour = serializers.IntegerField(help_text="USD cents")
    currency = serializers.SerializerMethodField()
    min_seconds = serializers.IntegerField()
    max_seconds = serializers.IntegerField()
    node = PlaceShape()
    created_at = serializers.DateTimeField()

    def get_currency(self, offer: object) -> str:
        """Offers are priced in US dollars on every rail."""
        return "USD"


class OfferQuery(serializers.Serializer[object]):
    """What a renter looks for; what is left out narrows nothing."""

    gpu_model = serializers.ListField(child=serializers.CharField(), required=False)
    gpu_count = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    price_max_minor = MinorField(required=False, help_text="USD cents per GPU hour")
    country = serializers.ListField(child=serializers.CharField(max_length=2), required=False)
    region = serializers.CharField(required=False)
    memory_gib_min = serializers.IntegerField(required=False, min_value=1)
    cpu_min = serializers.IntegerField(required=False, min_value=1)
    ram_mib_min = serializers.IntegerField(required=False, min_value=1)
    simulated = serializers.BooleanField(required=False, allow_null=True, default=None)
    provider = serializers.UUIDField(required=False)
    sort = serializers.CharField(required=False, default="price", help_text="price, -price, newest, -memory, -free")


class OfferChange(serializers.Serializer[object]):
    """New terms; what is left out stays. Leases keep the terms under which they were made."""

    gpu_count = serializers.IntegerField(required=False)
    price_minor_per_gpu_hour = MinorField(required=False)
    min_seconds = serializers.IntegerField(required=False)
    max_seconds = serializers.IntegerField(required=False)


class OfferWanted(serializers.Serializer[object]):
    """A new offer."""

    node_id = serializers.UUIDField()
    gpu_model = serializers.CharField()
    gpu_count = serializers.IntegerField()
    price_minor_per_gpu_hour = MinorField(help_text="USD cents")
    min_seconds = serializers.IntegerField(required=False)
    max_seconds = serializers.IntegerField(required=False)


class NodeShape(serializers.Serializer[object]):
    """A node as its provider sees it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.CharField()
    country = serializers.CharField()
    region = serializers.CharField()
    city = serializers.CharField()
    agent_version = serializers.CharField()
    last_heartbeat_at = serializers.DateTimeField()
    cpu_count = serializers.IntegerField()
    ram_mib = serializers.IntegerField()
    disk_gib = serializers.IntegerField()
    network_mbps = serializers.IntegerField()
    docker = serializers.BooleanField()
    simulated = serializers.BooleanField()
    gpus_present = serializers.IntegerField()
    gpus_taken = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class GpuShape(serializers.Serializer[object]):
    """One device of a node."""

    uuid = serializers.CharField()
    index = serializers.IntegerField()
    device_name = serializers.CharField()
    gpu_model = serializers.CharField(source="gpu_model_id", allow_null=True)
    memory_mib = serializers.IntegerField()
    simulated = serializers.BooleanField()
    present = serializers.BooleanField()
    taken = serializers.BooleanField()
    utilization = serializers.IntegerField(allow_null=True)
    temperature = serializers.IntegerField(allow_null=True)


class NodeInFullShape(NodeShape):
    """A node with its devices."""

    gpus = GpuShape(many=True, source="devices")


class EnrolmentTokenWanted(serializers.Serializer[object]):
    """For which node a token is."""

    node_name = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2")
    region = serializers.CharField(required=False, default="", allow_blank=True)
    city = serializers.CharField(required=False, default="", allow_blank=True)


class EnrolmentTokenShape(serializers.Serializer[object]):
    """A token for one agent; `token` is shown this once."""

    id = serializers.UUIDField()
    node_name = serializers.CharField()
    expires_at = serializers.DateTimeField()
    token = serializers.CharField()
