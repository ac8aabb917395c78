"""Accounts: made for members, found by sign-in names, proven by passwords."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from handbook import clock, database, ids
from handbook.access import Actor
from handbook.accounts import passwords, queries, rules
from handbook.audit import service as audit
from handbook.errors import Conflict, Invalid, Unauthenticated
from handbook.organisation.rules import spelled
from handbook.sealing import Sealer
from models import Account, SignInName

hash_password = passwords.hash_password


@dataclass(frozen=True)
class Candidate:
    """An account that a sign-in name leads to, and its hash."""

    account_id: uuid.UUID
    password_hash: str | None


@dataclass(frozen=True)
class Proof:
    """The account that a name and password lead to, and the hash that the password fitted.

    ``fresh_hash`` replaces a hash made with parameters of the past.
    """

    account_id: uuid.UUID
    password_hash: str
    fresh_hash: str | None


def sign_in_index(name: str, sealer: Sealer) -> bytes:
    """Return the blind index under which a sign-in name is kept, whatever way it is written."""
    return sealer.blind(spelled(name), purpose="sign_in_name")


def create(
    member_id: uuid.UUID, password: str | None, names: Sequence[tuple[str, str]], sealer: Sealer
) -> Account:
    """Return a new account of a member with its sign-in names, flushed.

    ``names`` are (kind, name) with the kinds ``handle``, ``phone`` and ``card``; without a password
    nobody can sign in yet. A handle or card number taken breaks ``uq_sign_in_name_index``.
    """
    session = database.session()
    account = Account(
        id=ids.new(),
        member_id=member_id,
        password_hash=None if password is None else hash_password(password),
    )
    session.add(account)
    session.flush()
    rows = {sign_in_index(name, sealer): kind for kind, name in names}
    if rows:
        session.execute(
            insert(SignInName),
            [
                {"index": index, "account_id": account.id, "kind": kind}
                for index, kind in rows.items()
            ],
        )
    audit.record(None, "account.created", "account", account.id, member_id=member_id)
    return account


def find_candidates(name: str, sealer: Sealer) -> list[Candidate]:
    """Return the accounts that a sign-in name leads to and that may sign in; often one or none."""
    rows = database.session().execute(
        queries.candidates(sign_in_index(name, sealer), clock.today())
    )
    return [Candidate(row.id, row.password_hash) for row in rows]


def prove(candidates: Sequence[Candidate], password: str) -> Proof:
    """Return the one account whose password this is; touches no database, takes some 20 ms.

    Raises ``bad_credentials`` (401) when it fits none, with the same work for an unknown name as
    for a known one; ``sign_in_ambiguous`` (409) only when it fits more than one.
    """
    hashes = [candidate.password_hash for candidate in candidates] or [None]
    found = [passwords.fits(hashed, password) for hashed in hashes]
    fitting = [one for one, fits in zip(candidates, found, strict=False) if fits]
    if len(fitting) > 1:
        raise Conflict("sign_in_ambiguous")
    if not fitting or (hashed := fitting[0].password_hash) is None:
        raise Unauthenticated("bad_credentials")
    fresh = hash_password(password) if passwords.is_outdated(hashed) else None
    return Proof(fitting[0].account_id, hashed, fresh)


def get_password_hash(actor: Actor) -> str | None:
    """Return the hash of the actor's password, None when there is none."""
    return database.session().scalar(
        select(Account.password_hash).where(Account.id == actor.account_id)
    )


def prove_new_password(held: str | None, old: str, new: str) -> str:
    """Return the hash of a new password; touches no database.

    Raises Invalid when the old one does not fit ``held`` or the new one is too short or the same.
    """
    if faults := rules.password_faults(new, old):
        raise Invalid(errors={"new": faults})
    if not passwords.fits(held, old):
        raise Invalid(errors={"old": ["wrong"]})
    return hash_password(new)


def replace_password(actor: Actor, held: str | None, new_hash: str) -> None:
    """Put a new hash in the place of ``held``; Conflict when another change came first."""
    replaced = database.session().execute(
        update(Account)
        .where(Account.id == actor.account_id, Account.password_hash == held)
        .values(password_hash=new_hash)
        .returning(Account.id)
    )
    if replaced.first() is None:
        raise Conflict
    audit.record(actor, "password.changed", "account", actor.account_id, member_id=actor.member_id)
