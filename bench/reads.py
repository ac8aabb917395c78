"""The reading paths: constant, signed-in, sync with nothing new, first page."""

import statistics
from collections.abc import Iterator, Sequence
from functools import partial

import orjson

from bench.measure import Client, Result, at_most, interleaved
from bench.stage import Stage

TIMES = 200
ROUNDS = 5
TURNS = 2
LIVE = "/api/v1/health/live"
PAGE = "/api/v1/documents?limit=20"
_OK = 200

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
    page_tag = client.tag_of(PAGE)
    acts = [
        partial(client.get, LIVE),
        partial(client.get, "/api/v1/health/session"),
        partial(client.get, f"/api/v1/sync?cursor={cursor}", {"If-None-Match": tag}),
        partial(client.get, PAGE, {"If-None-Match": page_tag}),
        partial(client.get, PAGE),
    ]
    groups = (stage.web, stage.postgres)
    found = interleaved(groups, acts, times=TIMES, rounds=ROUNDS)
    (constant, _), session, sync, same, page = found
    yield at_most("constant route (H)", constant, constant, 1, "ms CPU")
    yield _beside("empty authenticated route", session, constant, 3.5)
    yield _beside("sync with nothing new (304)", sync, constant, 3)
    yield _beside("list with nothing new (304)", same, constant, 3)
    limit = 5 * constant + 0.4
    note = f"limit: 5 H + 0.4 ms; PostgreSQL {page[1]:.2f} ms CPU"
    yield at_most("first page, 20 documents", page[0], limit, 1, "ms CPU", note)
    yield _ten_times(stage, client)


def _beside(path: str, found: Sequence[float], constant: float, most: float) -> Result:
    web, database = found
    return at_most(path, web, constant, most, "ms CPU", f"PostgreSQL {database:.2f} ms CPU")


def _caught_up(client: Client) -> tuple[str, str]:
    """Sync to the end and return (cursor, ETag)."""
    path = "/api/v1/sync"
    while True:
        status, body, answer = client.call("GET", path)
        if status != _OK:
            raise RuntimeError(f"sync: {status} {body[:300]!r}")
        found = orjson.loads(body)
        path = f"/api/v1/sync?cursor={found['next_cursor']}"
        if not found["has_more"]:
            return found["next_cursor"], answer.headers["ETag"] or ""


def _ten_times(stage: Stage, client: Client) -> Result:
    """Measure the first page with ten times the documents, in turns with the library as it is."""
    once, more = [], []
    for _ in range(TURNS):
        once.append(_page(stage, client))
        _run(stage, _CLONE)
        try:
            more.append(_page(stage, client))
        finally:
            _run(stage, _UNCLONE)
    web, database = (statistics.median(values) for values in zip(*more, strict=True))
    before = [statistics.median(values) for values in zip(*once, strict=True)]
    note = f"PostgreSQL {database:.2f} ms CPU, before {before[1]:.2f} ms"
    return at_most("first page, 10 × the documents", web, before[0], 1.2, "ms CPU", note)


def _page(stage: Stage, client: Client) -> list[float]:
    act = partial(client.get, PAGE)
    return interleaved((stage.web, stage.postgres), [act], times=TIMES, rounds=2)[0]


def _run(stage: Stage, statements: Sequence[str]) -> None:
    with stage.connect() as connection:
        for statement in statements:
            connection.execute(statement)


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
