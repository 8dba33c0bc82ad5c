"""Documents as PDF, drawn from what stands in the books; the same document is the same bytes (ADR 0091)."""
