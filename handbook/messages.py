"""What people read: texts by stable key, from the catalogues in ``handbook/locale/<language>``.

Every ``*.po`` file of a language is read once. A key stands in one file only, and in every
language: nothing falls back silently.
"""

import re
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("vi", "en")

_LOCALE = Path(__file__).parent / "locale"
_WRITTEN_KEY = re.compile(r'^msgid "(.+)"\s*$', re.MULTILINE)


class UnknownMessage(KeyError):
    """No catalogue of the language holds the key, or the language has no catalogues."""


class BrokenCatalogue(Exception):
    """A catalogue holds a key twice, or a key without a text."""


def say(key: str, /, language: str = "vi", **params: object) -> str:
    """Return the text of a key with its ``{placeholders}`` filled.

    UnknownMessage if the key or language is unknown, KeyError if a placeholder is not given.
    """
    try:
        template = _catalogue(language)[key]
    except KeyError:
        raise UnknownMessage(key, language) from None
    return template.format(**params)


def has(key: str, language: str = "vi") -> bool:
    """Tell whether a language holds a key; UnknownMessage for an unknown language."""
    return key in _catalogue(language)


def keys(language: str = "vi") -> frozenset[str]:
    """Return every key of a language; UnknownMessage for an unknown language."""
    return frozenset(_catalogue(language))


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    """Read the catalogues of a language once per process."""
    if language not in LANGUAGES:
        raise UnknownMessage(language)
    return read_folder(_LOCALE / language)


def read_folder(folder: Path) -> dict[str, str]:
    """Return key and text of every catalogue in a folder.

    BrokenCatalogue if a key stands twice, in one file or in two, or has no text.
    """
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.po")):
        content = path.read_bytes()
        written = _WRITTEN_KEY.findall(content.decode())
        for key in written:
            if key in texts or written.count(key) > 1:
                message = f"{path.name}: the key {key} stands twice"
                raise BrokenCatalogue(message)
        texts.update(_texts(content, path.name))
    return texts


def _texts(content: bytes, name: str) -> dict[str, str]:
    """Return key and text of one catalogue; BrokenCatalogue if a text is missing or unconfirmed."""
    texts: dict[str, str] = {}
    for message in read_po(BytesIO(content), abort_invalid=True):
        key, text = message.id, message.string
        if key == "":
            continue
        if not (isinstance(key, str) and isinstance(text, str) and text) or message.fuzzy:
            fault = f"{name}: the key {key} has no finished text"
            raise BrokenCatalogue(fault)
        texts[key] = text
    return texts
