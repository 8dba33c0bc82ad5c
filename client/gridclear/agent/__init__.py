"""The provider's agent: it runs leased workloads on this machine, and nothing without a valid clearance."""
