"""Vietnamese text: clean data, keys that compare, folds that search, and keys that sort.

Data is kept in NFC. Sort keys are plain strings made for byte order (``COLLATE "C"``), so the
database needs no language rules of its own.
"""

import re
import unicodedata

_BREVE, _CIRCUMFLEX, _HORN = "\u0306", "\u0302", "\u031b"
# A marked letter follows every word with the bare letter: "{" and "|" lie above "z".
_MARKED = {
    f"a{_BREVE}": "a{",
    f"a{_CIRCUMFLEX}": "a|",
    f"e{_CIRCUMFLEX}": "e{",
    f"o{_CIRCUMFLEX}": "o{",
    f"o{_HORN}": "o|",
    f"u{_HORN}": "u{",
}
_LETTER_MARKS = frozenset((_BREVE, _CIRCUMFLEX, _HORN))
# Tones in the order of Vietnamese dictionaries; 0 is the level tone, which has no mark.
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
# The letter đ has no decomposition; eth and African d are look-alikes that old texts use for it.
_BARRED_D = {ord("đ"): "d", ord("ð"): "d", ord("ɖ"): "d"}
_TOKEN = re.compile(r"[0-9]+|(?:[^\W\d_][\u0300-\u036f]*)+")
_LONGEST_NUMBER = 99


def nfc(s: str) -> str:
    """Return the text in NFC, the form in which all data is kept."""
    return unicodedata.normalize("NFC", s)


def _is_refused(character: str) -> bool:
    """Tell whether a character may never stand in data."""
    if character in "\n\t":
        return False
    return unicodedata.category(character) in {"Cc", "Cs"} or character in "\ufffe\uffff"


def clean(s: str) -> str:
    """Return data fit to keep: NFC, without blanks at either end, line ends written as LF.

    ValueError if the text holds NUL, another control character (tab and line end are allowed), a
    lone surrogate, or one of the two code points that XML cannot carry.
    """
    lines = s.replace("\r\n", "\n")
    if any(_is_refused(character) for character in lines):
        message = "the text holds characters that cannot be kept"
        raise ValueError(message)
    return nfc(lines).strip()


def key(s: str) -> str:
    """Return a key equal for texts that differ only in case, width, form or blanks; marks count."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", s).casefold())
    return " ".join(unicodedata.normalize("NFKC", folded.casefold()).split())


def fold(s: str) -> str:
    """Return the search form of a text or a query: no marks, no case, đ as d; blanks are kept.

    Both places of the tone (``uỷ``, ``ủy``) fold to one word. Folding twice changes nothing.
    """
    lowered = unicodedata.normalize("NFD", unicodedata.normalize("NFD", s).casefold())
    bare = "".join(c for c in lowered if unicodedata.category(c) != "Mn")
    return bare.translate(_BARRED_D)


def word_count(s: str) -> int:
    """Count the words of a text as Vietnamese is written: syllables between blanks."""
    return sum(1 for word in nfc(s).split() if any(c.isalnum() for c in word))


def _syllable_key(syllable: str) -> str:
    """Encode one decomposed lower-case word, a letter first: its letters, then its tone."""
    letters: list[str] = []
    tone = "0"
    for character in syllable:
        if character in _TONES:
            tone = _TONES[character] if tone == "0" else tone
        elif character in _LETTER_MARKS:
            letters[-1] = _MARKED.get(letters[-1] + character, letters[-1])
        elif unicodedata.category(character) != "Mn":
            letters.append("d{" if character == "đ" else character)
    return f"{''.join(letters)} {tone}"


def _number_key(digits: str) -> str:
    """Encode a number so that byte order is the order of its value (up to 99 digits)."""
    significant = digits.lstrip("0") or "0"
    return f"{min(len(significant), _LONGEST_NUMBER):02d}{significant}"


def _tokens(s: str) -> list[str]:
    """Split a text into decomposed lower-case words and numbers; punctuation falls away."""
    return _TOKEN.findall(unicodedata.normalize("NFD", key(s)))


def name_key(full_name: str) -> str:
    """Return the sort key of a person's name: given name (the last word), family name, the rest.

    Words compare in the Vietnamese alphabet (a ă â b c d đ e ê …), and words of the same letters by
    tone: none, huyền, hỏi, ngã, sắc, nặng. Both places of the tone give one key. Case and
    punctuation do not count; a name without letters or digits gives an empty key.
    """
    words = [joined for word in full_name.split() if (joined := "".join(_tokens(word)))]
    return "".join(_syllable_key(word) for word in words[-1:] + words[:-1])


def sort_key(s: str) -> str:
    """Return the sort key of a title or a unit's name: word by word, numbers by their value.

    So ``Chi bộ 2`` stands before ``Chi bộ 10``, and numbers stand before letters.
    """
    return "".join(
        _number_key(token) if token[0].isdigit() else _syllable_key(token) for token in _tokens(s)
    )
