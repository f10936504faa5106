"""One process repairs at a time. That only saves work: every repair is safe when two do it at once."""

import asyncio
import secrets

from hunt.replica.scripts import Scripts

LEASE_SECONDS = 3.0
RENEW_SECONDS = 1.0


class Lease:
    """Held by one process until it has not renewed for `LEASE_SECONDS`."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._holder = secrets.token_hex(8)
        self._good_until = 0.0

    async def hold(self) -> bool:
        """True when this process holds the lease now; takes it when it is free. Raises RedisError."""
        now = asyncio.get_running_loop().time()
        if now < self._good_until:
            return True
        held = await self._scripts.hold_lease(self._holder, LEASE_SECONDS)
        self._good_until = now + RENEW_SECONDS if held else 0.0
        return held
