"""The rows of the marketplace app, one module per aggregate."""

from marketplace.models.api_keys import ApiKey, IdempotencyRecord
from marketplace.models.bundles import Bundle
from marketplace.models.gpu_models import GpuModel
from marketplace.models.leases import Allocation, Lease
from marketplace.models.nodes import EnrolmentToken, Gpu, Node
from marketplace.models.offers import Offer
from marketplace.models.organizations import Membership, Organization
from marketplace.models.people import User
from marketplace.models.usage import UsageRecord, WorkloadLog

__all__ = [
    "Allocation",
    "ApiKey",
    "Bundle",
    "EnrolmentToken",
    "Gpu",
    "GpuModel",
    "IdempotencyRecord",
    "Lease",
    "Membership",
    "Node",
    "Offer",
    "Organization",
    "UsageRecord",
    "User",
    "WorkloadLog",
]
