"""Messages: the same keys in every language, each with a finished text."""

import string
from pathlib import Path

import pytest

from handbook import messages

ERRORS = """bad_request unreadable_body unauthenticated bad_token expired_token session_revoked
forbidden not_found method_not_allowed not_acceptable conflict precondition_failed
payload_too_large unsupported_media_type invalid precondition_required idempotency_mismatch
idempotency_in_flight too_many_requests internal unavailable storage_full bad_cursor bad_signature
range_not_satisfiable busy"""
FIELDS = "required unknown null type too_long too_short range choice format text duplicate"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def raw(key: str, language: str) -> str:
    return messages._catalogue(language)[key]


def write(folder: Path, name: str, *entries: str) -> None:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    (folder / f"{name}.po").write_text("\n".join((head, *entries)), encoding="utf-8")


def entry(key: str, text: str) -> str:
    return f'msgid "{key}"\nmsgstr "{text}"\n'


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_kernel_can_name_every_error_and_fault(language: str) -> None:
    wanted = {f"errors.{code}" for code in ERRORS.split()}
    wanted |= {f"fields.{code}" for code in FIELDS.split()}
    assert wanted <= messages.keys(language)


def test_both_languages_hold_the_same_keys() -> None:
    assert messages.keys("vi") == messages.keys("en")


def test_both_languages_use_the_same_placeholders() -> None:
    different = [
        key
        for key in messages.keys("vi")
        if placeholders(raw(key, "vi")) != placeholders(raw(key, "en"))
    ]
    assert different == []


def test_say_speaks_vietnamese_unless_told_otherwise() -> None:
    assert messages.say("errors.not_found") == "Không tìm thấy nội dung được yêu cầu."
    assert messages.say("errors.not_found", "en") == "What was asked for was not found."


def test_has_tells_known_keys() -> None:
    assert messages.has("errors.not_found")
    assert not messages.has("errors.nothing_like_it", "en")


def test_an_unknown_key_or_language_is_an_error() -> None:
    with pytest.raises(messages.UnknownMessage):
        messages.say("errors.nothing_like_it")
    with pytest.raises(messages.UnknownMessage):
        messages.say("errors.not_found", "fr")
    with pytest.raises(messages.UnknownMessage):
        messages.keys("fr")


def test_placeholders_are_filled_and_demanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "one", entry("notices.due", "Hạn: {deadline}"))
    texts = messages.read_folder(tmp_path)
    monkeypatch.setattr(messages, "_catalogue", lambda _language: texts)
    assert messages.say("notices.due", deadline="01/03/2026") == "Hạn: 01/03/2026"
    with pytest.raises(KeyError, match="deadline"):
        messages.say("notices.due")


def test_a_key_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "one", entry("a.b", "x"))
    write(tmp_path, "two", entry("a.c", "y"))
    assert messages.read_folder(tmp_path) == {"a.b": "x", "a.c": "y"}
    write(tmp_path, "two", entry("a.b", "y"))
    with pytest.raises(messages.BrokenCatalogue, match=r"two\.po: the key a\.b stands twice"):
        messages.read_folder(tmp_path)


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([entry("a.b", "x"), entry("a.b", "y")], "stands twice"),
        ([entry("a.b", "")], "no finished text"),
        (["#, fuzzy\n" + entry("a.b", "x")], "no finished text"),
    ],
    ids=["twice in one file", "empty", "fuzzy"],
)
def test_an_unfinished_catalogue_is_refused(tmp_path: Path, entries: list[str], fault: str) -> None:
    write(tmp_path, "one", *entries)
    with pytest.raises(messages.BrokenCatalogue, match=fault):
        messages.read_folder(tmp_path)
