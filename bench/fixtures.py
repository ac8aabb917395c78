"""What a benchmark needs beyond the province: a known password, a draft ready for publication."""

import uuid
from typing import Final

import orjson

from bench.stage import Stage
from handbook import ids
from handbook.accounts.service import hash_password, sign_in_index

_NAME: Final = "bench"
PASSWORD: Final = "mat khau cua ban do"  # noqa: S105 - of a made-up member, in a made-up province

_ACCOUNT: Final = """
SELECT a.id FROM account a JOIN member m ON m.id = a.member_id
WHERE a.password_hash IS NULL AND a.disabled_at IS NULL AND m.left_on IS NULL
ORDER BY a.id LIMIT 1
"""
_HAS_NAME: Final = 'SELECT account_id FROM sign_in_name WHERE "index" = %(index)s'
_NAMED: Final = """
INSERT INTO sign_in_name ("index", account_id, kind) VALUES (%(index)s, %(account)s, 'handle')
"""

# A clerk of the root and the newest document that the root issued.
_CLERK: Final = """
SELECT p.member_id, a.id, u.id
FROM unit u JOIN position p ON p.unit_id = u.id AND p.role = 'clerk' AND p.during @> current_date
JOIN account a ON a.member_id = p.member_id AND a.disabled_at IS NULL
JOIN device_account da ON da.account_id = a.id
WHERE u.parent_id IS NULL ORDER BY u.path, a.id LIMIT 1
"""
_ORIGINAL: Final = """
SELECT id FROM document WHERE unit_id = %(unit)s AND state = 'published'
ORDER BY published_at DESC LIMIT 1
"""
_COPY: Final = (
    """INSERT INTO document (id, unit_id, type_code, issuer_id, abstract, created_by, revision)
       SELECT %(document)s, unit_id, type_code, issuer_id, abstract, %(account)s, 1
       FROM document WHERE id = %(original)s""",
    """INSERT INTO document_version (id, document_id, number, file_sha256, file_name, state,
         parts_total, words, created_by)
       SELECT %(version)s, %(document)s, 1, v.file_sha256, v.file_name, 'ready', v.parts_total,
         v.words, %(account)s
       FROM document d JOIN document_version v ON v.id = d.version_id WHERE d.id = %(original)s""",
    """INSERT INTO part (version_id, number, heading, html, text, words, has_text, sha256)
       SELECT %(version)s, p.number, p.heading, p.html, p.text, p.words, p.has_text, p.sha256
       FROM document d JOIN part p ON p.version_id = d.version_id WHERE d.id = %(original)s""",
)
_FORGET: Final = (
    "DELETE FROM change WHERE kind = 'document' AND object_id = %(document)s",
    """DELETE FROM change WHERE kind = 'notice' AND object_id IN (
         SELECT id FROM notice WHERE object_id = %(document)s)""",
    """WITH told AS (DELETE FROM notice WHERE object_id = %(document)s RETURNING audience_id)
       DELETE FROM addressing WHERE audience_id IN (SELECT audience_id FROM told)""",
    """DELETE FROM addressing WHERE audience_id = (
         SELECT audience_id FROM document WHERE id = %(document)s)""",
    """UPDATE document SET state = 'draft', version_id = NULL, audience_id = NULL
       WHERE id = %(document)s""",
    "DELETE FROM document WHERE id = %(document)s",
)


def sign_in_body(stage: Stage) -> bytes:
    """Return the JSON body of a sign-in that succeeds, for an account given a name and password."""
    sealer = stage.app.extensions["handbook_sealer"]
    values: dict[str, object] = {"index": sign_in_index(_NAME, sealer)}
    account = stage.one(_HAS_NAME, **values)
    with stage.connect() as connection:
        if account is None:
            account = stage.one(_ACCOUNT)
            connection.execute(_NAMED, {**values, "account": account})
        connection.execute(
            "UPDATE account SET password_hash = %s WHERE id = %s",
            (hash_password(PASSWORD), account),
        )
    device = {"id": str(ids.new()), "platform": "android"}
    return orjson.dumps({"name": _NAME, "password": PASSWORD, "device": device})


def draft(stage: Stage) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """Return (a member who may publish for the root, a draft with a ready version, the root)."""
    with stage.connect() as connection:
        row = connection.execute(_CLERK).fetchone()
        if row is None:
            raise RuntimeError("the province has no clerk with a device")
        member, account, root = row
        original = stage.one(_ORIGINAL, unit=root)
        found = {"document": ids.new(), "version": ids.new()}
        for statement in _COPY:
            connection.execute(statement, {**found, "original": original, "account": account})
    return member, found["document"], root


def forget(stage: Stage, document: uuid.UUID) -> None:
    """Take a document that was published for the benchmark away with all that followed from it."""
    with stage.connect() as connection:
        for statement in _FORGET:
            connection.execute(statement, {"document": document})
