"""Passwords: one form, the same work for nobody, room for so many at once."""

import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from handbook.accounts import passwords
from handbook.accounts.passwords import Slots, fits, hash_password, is_outdated
from handbook.errors import Unavailable


def test_parameters() -> None:
    found = extract_parameters(hash_password("mật khẩu"))
    assert (found.type.name, found.time_cost, found.memory_cost, found.parallelism) == (
        "ID",
        2,
        19456,
        1,
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("mật khẩu dài", True),
        ("mâ\u0323t kh\u00e2\u0309u da\u0300i", True),
        ("mat khau dai", False),
        ("", False),
    ],
)
def test_fits(typed: str, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert fits(hash_password("mật khẩu dài"), typed) is expected


def test_no_hash_never_fits_even_the_dummy_s_password() -> None:
    assert not fits(None, "nobody has this password")


def test_no_hash_costs_one_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Spy:
        @staticmethod
        def verify(hashed: str, password: str) -> bool:
            verified.append(hashed)
            return real.verify(hashed, password)

    real = passwords._HASHER
    known = hash_password("mật khẩu")
    monkeypatch.setattr(passwords, "_HASHER", Spy)
    fits(None, "x")
    fits(known, "x")
    assert len(verified) == 2
    assert extract_parameters(verified[0]) == extract_parameters(verified[1])


def test_a_spoilt_hash_does_not_fit() -> None:
    assert not fits("$argon2id$spoilt", "mật khẩu")


def test_outdated() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("mật khẩu")
    assert is_outdated(old)
    assert not is_outdated(hash_password("mật khẩu"))


def test_a_full_queue_refuses_at_once_and_a_slow_one_in_time() -> None:
    slots = Slots(1, waiting=1, seconds=0.2)
    outcomes: list[str] = []

    def wait() -> None:
        try:
            with slots.take():
                outcomes.append("worked")
        except Unavailable as refusal:
            outcomes.append(refusal.code)

    with slots.take():
        waiting = threading.Thread(target=wait)
        waiting.start()
        while slots._room._value:
            pass
        wait()
        assert outcomes == ["busy"]
        waiting.join()
        assert outcomes == ["busy", "busy"]
    wait()
    assert outcomes == ["busy", "busy", "worked"]


def test_a_place_in_the_queue_is_given_when_it_comes_free() -> None:
    slots = Slots(1, waiting=1, seconds=5)
    done = threading.Event()

    def wait() -> None:
        with slots.take():
            done.set()

    with slots.take():
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not done.wait(0.05)
    waiting.join()
    assert done.is_set()


def test_the_slots_of_a_process_are_shared() -> None:
    assert passwords.slots(3) is passwords.slots(3)
