"""What `/metrics` says of refusals."""

from hunt.metrics import REGISTRY


def refusals(kind: str, status: int) -> float:
    """How many of a kind this process has counted."""
    return REGISTRY.get_sample_value("hunt_refusals_total", {"kind": kind, "status": str(status)}) or 0
