"""The reading paths: constant, signed-in, sync with nothing new, first page."""

from collections.abc import Iterator
from functools import partial

import orjson

from bench.measure import Client, Result, at_most, interleaved
from bench.stage import Stage

TIMES = 400
ROUNDS = 5
LIVE = "/api/v1/health/live"
PAGE = "/api/v1/documents?limit=20"

_MEMBER = """
SELECT a.member_id FROM account a
JOIN membership m ON m.member_id = a.member_id AND m.kind = 'official'
JOIN device_account da ON da.account_id = a.id
JOIN unit u ON u.id = m.unit_id AND u.kind = 'cell'
WHERE m.during @> current_date AND a.disabled_at IS NULL ORDER BY a.member_id OFFSET 100 LIMIT 1
"""


def measure(stage: Stage) -> Iterator[Result]:
    """Measure each reading path in CPU of the web processes, beside the constant route (H)."""
    client = stage.client(stage.token(stage.one(_MEMBER)))
    cursor, tag = _caught_up(client)
    again = {"If-None-Match": tag}
    acts = [
        partial(client.get, LIVE),
        partial(client.get, "/api/v1/health/session"),
        partial(client.get, f"/api/v1/sync?cursor={cursor}", again),
        partial(client.get, PAGE),
    ]
    before = stage.postgres.cpu()
    constant, session, sync, page = interleaved(stage.web, acts, times=TIMES, rounds=ROUNDS)
    requests = TIMES * (len(acts) - 1) * ROUNDS
    database = (stage.postgres.cpu() - before) * 1000 / requests
    yield at_most("constant route (H)", constant, constant, 1, "ms CPU")
    note = f"PostgreSQL {database:.2f} ms for each request that asks it"
    yield at_most("empty authenticated route", session, constant, 3.5, "ms CPU", note)
    yield at_most("sync with nothing new (304)", sync, constant, 3, "ms CPU")
    limit = 5 * constant + 0.4
    yield at_most("first page, 20 documents", page, limit, 1, "ms CPU", "limit 5 H + 0.4 ms")
    yield _ten_times(stage, client, page)


def _caught_up(client: Client) -> tuple[str, str]:
    """Sync to the end and return (cursor, ETag)."""
    path = "/api/v1/sync"
    while True:
        status, body, answer = client.call("GET", path)
        if status != 200:  # noqa: PLR2004  # the only success with a body
            raise RuntimeError(f"sync: {status} {body[:300]!r}")
        found = orjson.loads(body)
        path = f"/api/v1/sync?cursor={found['next_cursor']}"
        if not found["has_more"]:
            return found["next_cursor"], answer.headers["ETag"] or ""


def _ten_times(stage: Stage, client: Client, before: float) -> Result:
    """Measure the first page again with ten times the documents, then take them away."""
    with stage.connect() as connection:
        for statement in _CLONE:
            connection.execute(statement)
    try:
        (after,) = interleaved(stage.web, [partial(client.get, PAGE)], times=TIMES, rounds=ROUNDS)
    finally:
        with stage.connect() as connection:
            for statement in _UNCLONE:
                connection.execute(statement)
    return at_most("first page, 10 × the documents", after, before, 1.2, "ms CPU")


# Copies share the version of their original; their ids are told apart by `bench_clone`.
_CLONE = (
    "DROP TABLE IF EXISTS bench_clone",
    """CREATE TABLE bench_clone AS
       SELECT d.id AS of, gen_random_uuid() AS id, gen_random_uuid() AS audience_id, n
       FROM document d CROSS JOIN generate_series(1, 9) AS n WHERE d.state = 'published'""",
    """INSERT INTO audience (id, kind, expression)
       SELECT c.audience_id, 'document', '{}' FROM bench_clone c""",
    """INSERT INTO addressing (audience_id, bucket_id, kind, since)
       SELECT c.audience_id, a.bucket_id, a.kind, a.since - c.n * interval '1 minute'
       FROM bench_clone c JOIN document d ON d.id = c.of
       JOIN addressing a ON a.audience_id = d.audience_id""",
    """INSERT INTO document (id, unit_id, type_code, abstract, state, audience_id, version_id,
                             created_by, published_at, published_by, revision)
       SELECT c.id, d.unit_id, d.type_code, d.abstract, d.state, c.audience_id, d.version_id,
              d.created_by, d.published_at - c.n * interval '1 minute', d.published_by, 1
       FROM bench_clone c JOIN document d ON d.id = c.of""",
    "ANALYZE document, audience, addressing",
)
_UNCLONE = (
    "DELETE FROM document WHERE id IN (SELECT id FROM bench_clone)",
    "DELETE FROM audience WHERE id IN (SELECT audience_id FROM bench_clone)",
    "DROP TABLE bench_clone",
    "ANALYZE document, audience, addressing",
)

