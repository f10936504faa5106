"""Hashing in threads: bounded, and the same effort whether there is an account or not."""

import asyncio

import pytest

from hunt.accounts.errors import LoginsBusy
from hunt.accounts.passwords import HASHES_AT_ONCE, MAX_WAITING_HASHES, Passwords


class Slow(Passwords):
    """Hashes end when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.at_once = 0
        self.most = 0

    async def busy(self) -> None:
        async with self.turn(""):
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await self.go.wait()
            self.at_once -= 1


async def test_a_hash_fits_its_password_only() -> None:
    passwords = Passwords()
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != await passwords.hash("correct horse")
    assert await passwords.fits(stored, "correct horse")
    assert not await passwords.fits(stored, "wrong horse")


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$broken"])
async def test_where_nothing_fits_nobody_gets_in(stored: str | None) -> None:
    assert not await Passwords().fits(stored, "nobody has this password")


async def test_an_unknown_name_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords()
    verified: list[str] = []

    def verify(stored: str, _password: str) -> bool:
        verified.append(stored)
        return True

    monkeypatch.setattr(passwords, "_verify", verify)
    assert not await passwords.fits(None, "x")
    assert verified == [passwords._nobody]


async def test_few_hashes_run_at_once_and_a_full_queue_refuses_at_once() -> None:
    passwords = Slow()
    waiting = [asyncio.ensure_future(passwords.busy()) for _ in range(HASHES_AT_ONCE + MAX_WAITING_HASHES)]
    await asyncio.sleep(0)
    with pytest.raises(LoginsBusy):
        await passwords.hash("one too many")
    passwords.go.set()
    await asyncio.gather(*waiting)
    assert passwords.most == HASHES_AT_ONCE
    assert await passwords.hash("there is room again")
