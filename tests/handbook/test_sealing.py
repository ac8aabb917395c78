"""Sealed fields open only whole, in their place, with their key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.sealing import SealBroken, Sealer, derive

OLD, NEW, INDEX = bytes(32), bytes([1]) * 32, bytes([2]) * 32
PLACE = "member.phone:0190"
sealer = Sealer({"k2": NEW, "k1": OLD}, "k2", INDEX)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(max_size=20))
def test_what_is_sealed_opens_in_its_place(plain: str, place: str) -> None:
    sealed = sealer.seal(plain, bind=PLACE + place.encode("ascii", "replace").decode())
    bound = PLACE + place.encode("ascii", "replace").decode()
    assert sealer.open(sealed, bind=bound) == plain


def test_sealing_twice_gives_other_bytes_and_hides_the_text() -> None:
    first, second = (sealer.seal("0912345678", bind=PLACE) for _ in "ab")
    assert first != second
    assert b"0912345678" not in first


@given(st.data())
def test_one_changed_bit_breaks_the_seal(data: st.DataObject) -> None:
    sealed = bytearray(sealer.seal("0912345678", bind=PLACE))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), bind=PLACE)


@given(st.data())
def test_a_value_cut_short_breaks_the_seal(data: st.DataObject) -> None:
    sealed = sealer.seal("0912345678", bind=PLACE)
    with pytest.raises(SealBroken):
        sealer.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], bind=PLACE)


@given(st.binary(max_size=80))
def test_noise_breaks_the_seal(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        sealer.open(noise, bind=PLACE)


def test_a_value_moved_to_another_row_breaks_the_seal() -> None:
    sealed = sealer.seal("0912345678", bind=PLACE)
    with pytest.raises(SealBroken, match="elsewhere"):
        sealer.open(sealed, bind="member.phone:0191")


def test_an_older_key_still_opens_and_a_lost_one_does_not() -> None:
    old = Sealer({"k1": OLD}, "k1", INDEX).seal("x", bind=PLACE)
    assert sealer.open(old, bind=PLACE) == "x"
    with pytest.raises(SealBroken, match="not at hand"):
        Sealer({"k2": NEW}, "k2", INDEX).open(old, bind=PLACE)


def test_the_current_key_seals() -> None:
    assert sealer.seal("x", bind=PLACE)[:3] == b"\x02k2"


def test_the_blind_index_is_stable_and_parted_by_purpose_and_key() -> None:
    index = sealer.blind("0912345678", purpose="phone")
    assert len(index) == 32
    assert index == Sealer({"k1": OLD}, "k1", INDEX).blind("0912345678", purpose="phone")
    others = {
        sealer.blind("0912345679", purpose="phone"),
        sealer.blind("0912345678", purpose="card"),
        Sealer({"k2": NEW}, "k2", OLD).blind("0912345678", purpose="phone"),
    }
    assert len(others | {index}) == 4


def test_derive_parts_purposes_and_secrets() -> None:
    assert len(derive(NEW, "cursor")) == 32
    assert derive(NEW, "cursor") == derive(NEW, "cursor")
    assert len({derive(NEW, "cursor"), derive(NEW, "token"), derive(OLD, "cursor")}) == 3


@pytest.mark.parametrize(
    ("keys", "current", "index", "fault"),
    [
        ({"k": NEW[1:]}, "k", INDEX, "exactly 32"),
        ({"k": NEW}, "j", INDEX, "not among"),
        ({"k k": NEW}, "k k", INDEX, "key id"),
        ({"k": NEW}, "k", INDEX[1:], "at least 32"),
    ],
)
def test_bad_keys_are_refused(
    keys: dict[str, bytes], current: str, index: bytes, fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        Sealer(keys, current, index)
