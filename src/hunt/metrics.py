"""What this process has counted, for `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics

MAX_KINDS = 100
"""Kinds of refusals that are counted apart; one more is counted as `other`. There are far fewer."""

REFUSED = {403, 421, 429, 503}
"""The statuses that count as a refusal: the request may be fine, but not from here, not for us, or not now."""

disable_created_metrics()  # type: ignore[no-untyped-call] # untyped; the times would be those of the asking

REGISTRY = CollectorRegistry()

_refusals = Counter(
    "hunt_refusals",
    "Requests and sockets that were refused, by the code of the answer and its status or close code",
    ["kind", "status"],
    registry=REGISTRY,
)
_kinds: set[tuple[str, int]] = set()


def count_refusal(kind: str, status: int) -> None:
    """Count one refusal. `kind` is a word of our own, never a client's text; `status` that of HTTP, or a close code."""
    if (kind, status) not in _kinds:
        if len(_kinds) >= MAX_KINDS:
            kind = "other"
        else:
            _kinds.add((kind, status))
    _refusals.labels(kind, str(status)).inc()
