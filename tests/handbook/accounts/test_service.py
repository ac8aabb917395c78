"""Accounts: made, found by any spelling of a name, proven by a password."""

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from handbook import clock
from handbook.accounts import passwords, service
from handbook.errors import Conflict, Unauthenticated
from handbook.http import Handbook
from handbook.sealing import Sealer
from models import Account, AuditEntry, SignInName
from tests.support import build

PASSWORD = "mật khẩu dài"
OTHER = "mật khẩu khác"


@pytest.fixture
def sealer(app: Handbook) -> Sealer:
    found: Sealer = app.extensions["handbook_sealer"]
    return found


def make(sealer: Sealer, *names: tuple[str, str], password: str | None = PASSWORD) -> Account:
    return service.create(build.member().id, password, names, sealer)


def find(name: str, sealer: Sealer) -> list[object]:
    return [candidate.account_id for candidate in service.find_candidates(name, sealer)]


def test_create_keeps_no_name_and_no_password(db: Session, sealer: Sealer) -> None:
    account = make(sealer, ("phone", "0912 345 678"), ("card", "038168000001"))
    rows = db.scalars(select(SignInName).where(SignInName.account_id == account.id)).all()
    assert {row.kind for row in rows} == {"phone", "card"}
    assert all(b"0912" not in row.index for row in rows)
    assert str(account.password_hash).startswith("$argon2id$")
    line = db.scalars(select(AuditEntry).where(AuditEntry.object_id == account.id)).one()
    assert (line.action, line.member_id, line.data) == ("account.created", account.member_id, {})


@pytest.mark.parametrize(
    "name", ["0912345678", "0912.345.678", "+84 912 345 678", "０９１２345678"]
)
def test_a_phone_is_found_in_any_spelling(db: Session, sealer: Sealer, name: str) -> None:
    account = make(sealer, ("phone", "0912 345 678"))
    assert find(name, sealer) == [account.id]
    assert find("0912345679", sealer) == []


@pytest.mark.parametrize("name", ["Bí.Thư", "bí.thư", "BI\u0301.THƯ"])
def test_a_handle_is_found_whatever_its_case_or_form(
    db: Session, sealer: Sealer, name: str
) -> None:
    account = make(sealer, ("handle", "bí.thư"))
    assert find(name, sealer) == [account.id]
    assert find("bi.thu", sealer) == []


def test_a_card_leads_to_one_account_only(db: Session, sealer: Sealer) -> None:
    make(sealer, ("card", "038168000001"))
    with pytest.raises(Exception, match="uq_sign_in_name_index"):
        make(sealer, ("card", "038 168 000 001"))


def test_disabled_and_left_are_not_found(db: Session, sealer: Sealer) -> None:
    account = make(sealer, ("phone", "0912345678"))
    assert find("0912345678", sealer) == [account.id]
    account.disabled_at = clock.now()
    db.flush()
    assert find("0912345678", sealer) == []
    account.disabled_at = None
    gone = build.member(left_on=clock.today())
    service.create(gone.id, PASSWORD, [("phone", "0912345678")], sealer)
    assert find("0912345678", sealer) == [account.id]


def test_prove_wrong_unknown_and_without_password(db: Session, sealer: Sealer) -> None:
    make(sealer, ("phone", "0912345678"))
    make(sealer, ("handle", "chưa kích hoạt"), password=None)
    proof = service.prove(service.find_candidates("0912345678", sealer), PASSWORD)
    assert proof.fresh_hash is None
    for name, password in (
        ("0912345678", OTHER),
        ("0900000000", PASSWORD),
        ("chưa kích hoạt", PASSWORD),
    ):
        with pytest.raises(Unauthenticated, match="bad_credentials"):
            service.prove(service.find_candidates(name, sealer), password)


def test_an_unknown_name_costs_one_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def note(hashed: str | None, _password: str) -> bool:
        asked.append(hashed)
        return False

    monkeypatch.setattr(passwords, "fits", note)
    with pytest.raises(Unauthenticated):
        service.prove([], PASSWORD)
    assert asked == [None]


def test_a_shared_phone_is_ambiguous_only_when_both_passwords_fit(
    db: Session, sealer: Sealer
) -> None:
    shared = ("phone", "0912345678")
    first = make(sealer, shared)
    second = make(sealer, shared, password=OTHER)
    found = service.find_candidates("0912345678", sealer)
    assert service.prove(found, PASSWORD).account_id == first.id
    assert service.prove(found, OTHER).account_id == second.id
    with pytest.raises(Unauthenticated, match="bad_credentials"):
        service.prove(found, "mật khẩu lạ")
    make(sealer, shared, password=OTHER)
    found = service.find_candidates("0912345678", sealer)
    assert service.prove(found, PASSWORD).account_id == first.id
    with pytest.raises(Conflict, match="sign_in_ambiguous"):
        service.prove(found, OTHER)


def test_an_outdated_hash_comes_with_a_fresh_one(db: Session, sealer: Sealer) -> None:
    account = make(sealer, ("phone", "0912345678"))
    account.password_hash = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    db.flush()
    proof = service.prove(service.find_candidates("0912345678", sealer), PASSWORD)
    assert proof.password_hash == account.password_hash
    assert proof.fresh_hash is not None
    assert passwords.fits(proof.fresh_hash, PASSWORD)
