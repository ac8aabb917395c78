"""Fields and schemas of the API: strict input, Vietnamese-ready error codes, one form for output.

Every message of a validation error is a code that ``errors`` turns into words
(``fields.<code>`` in the catalogues). Nothing is coerced in a body; every text has a maximum.
"""

import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, ValidationError, fields, validate
from marshmallow import Schema as BaseSchema

from handbook import clock, text

LONGEST_LIST = 500
# Days that make sense here. Farther ones are dates to PostgreSQL that Python cannot read back.
YEARS = range(1900, 3000)
_CODES = {
    "required": "required",
    "null": "null",
    "validator_failed": "format",
    "invalid": "type",
    "invalid_utf8": "text",
    "too_large": "range",
    "overflow": "range",
    "special": "range",
    "format": "format",
    "invalid_uuid": "format",
    "invalid_awareness": "format",
    "type": "type",
    "unknown": "unknown",
}


class Schema(BaseSchema):
    """The base of all schemas: unknown fields are refused, messages are codes."""

    error_messages = {"unknown": "unknown", "type": "type"}  # noqa: RUF012  # marshmallow's own form

    class Meta:
        """Refuse what is not declared; keep the declared order."""

        unknown = RAISE


if TYPE_CHECKING:
    _Base = fields.Field[Any]
else:
    _Base = object


class _Coded(_Base):
    """Mixin: replaces marshmallow's sentences by codes."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        messages: dict[str, Any] = dict(_CODES)
        messages.update(keywords.pop("error_messages", {}))
        super().__init__(*arguments, error_messages=messages, **keywords)


class Text(_Coded, fields.String):
    """Text of 1 to ``most`` characters, NFC, trimmed, without NUL or control characters."""

    def __init__(
        self, most: int, *, least: int = 1, pattern: str | None = None, **more: Any
    ) -> None:
        """Demand ``least`` to ``most`` characters and, if given, the whole ``pattern``."""
        self.least, self.most = least, most
        checks: list[Any] = [validate.Length(min=least, max=most, error="length")]
        if pattern is not None:
            checks.append(validate.Regexp(f"^(?:{pattern})$", error="format"))
        super().__init__(validate=checks, **more)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> str:
        if not isinstance(value, str):
            raise ValidationError("type")
        if len(value) > 4 * self.most:
            raise ValidationError("length")
        try:
            return text.clean(value)
        except ValueError:
            raise ValidationError("text") from None


class Secret(_Coded, fields.String):
    """A password or code: never trimmed, never echoed, at most 256 characters."""

    def __init__(self, **more: Any) -> None:
        """Write-only."""
        super().__init__(
            load_only=True, validate=[validate.Length(min=1, max=256, error="length")], **more
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> str:
        if not isinstance(value, str):
            raise ValidationError("type")
        if "\x00" in value or any(unicodedata.category(sign) == "Cs" for sign in value):
            raise ValidationError("text")
        return value


class Choice(_Coded, fields.String):
    """One of a closed list of words."""

    def __init__(self, choices: Sequence[str], **more: Any) -> None:
        """Accept only ``choices``."""
        super().__init__(validate=[validate.OneOf(tuple(choices), error="choice")], **more)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> str:
        if not isinstance(value, str):
            raise ValidationError("type")
        return value


class Whole(_Coded, fields.Integer):
    """A whole number from ``least`` to ``most``; a body must not send it as text or as 1.0."""

    def __init__(self, least: int = 0, most: int = 2**31 - 1, **more: Any) -> None:
        """Demand ``least`` ≤ value ≤ ``most``."""
        super().__init__(
            strict=True, validate=[validate.Range(min=least, max=most, error="range")], **more
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("type")
        return value


class QueryWhole(Whole):
    """A whole number in a query string, in plain digits."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise ValidationError("type")
        return int(value)


class Flag(_Coded, fields.Boolean):
    """True or false, never 1, "yes" or null."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("type")
        return value


class QueryFlag(Flag):
    """``true`` or ``false`` in a query string."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> bool:
        if value not in {"true", "false"}:
            raise ValidationError("type")
        return bool(value == "true")


class Id(_Coded, fields.UUID):
    """A UUID in its canonical form."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> uuid.UUID:
        if not isinstance(value, str):
            raise ValidationError("type")
        try:
            found = uuid.UUID(value)
        except ValueError:
            raise ValidationError("format") from None
        if str(found) != value.lower():
            raise ValidationError("format")
        return found


class Instant(_Coded, fields.AwareDateTime):
    """An RFC 3339 instant with offset, of the years 1900 to 2999; answers carry Vietnamese time."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> datetime:
        if not isinstance(value, str):
            raise ValidationError("type")
        if len(value) > 40:  # noqa: PLR2004 - an instant with nanoseconds is shorter
            raise ValidationError("format")
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise ValidationError("format") from None
        if found.tzinfo is None or "T" not in value.upper():
            raise ValidationError("format")
        if found.year not in YEARS:
            raise ValidationError("range")
        return found.astimezone(UTC)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **more: Any) -> str | None:
        if value is None:
            return None
        return clock.local(value).isoformat()


class Day(_Coded, fields.Date):
    """A day as ``YYYY-MM-DD``, of the years 1900 to 2999."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> date:
        if not isinstance(value, str):
            raise ValidationError("type")
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValidationError("format")
        try:
            found = date.fromisoformat(value)
        except ValueError:
            raise ValidationError("format") from None
        if found.year not in YEARS:
            raise ValidationError("range")
        return found


class Nested(_Coded, fields.Nested):
    """An object inside an object."""


class Many(_Coded, fields.List[Any]):
    """A list of at most ``most`` items."""

    def __init__(self, item: Any, *, least: int = 0, most: int = LONGEST_LIST, **more: Any) -> None:
        """Demand ``least`` to ``most`` items."""
        super().__init__(
            item, validate=[validate.Length(min=least, max=most, error="length")], **more
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationError("type")
        if len(value) > LONGEST_LIST:
            raise ValidationError("length")
        return super()._deserialize(value, attr, data, **more)


class Free(_Coded, fields.Dict):
    """An object of free form in an answer."""


class PageQuery(Schema):
    """The query of every keyset page."""

    limit = QueryWhole(1, 200, load_default=50, metadata={"description": "Items on a page."})
    cursor = Text(
        2000, load_default=None, metadata={"description": "The next_cursor of the page before."}
    )


def page_of(line: type[Schema], name: str) -> type[Schema]:
    """Return the schema ``name`` of a keyset page of ``line``."""
    return type(
        name,
        (Schema,),
        {
            "__doc__": f"A page of {line.__name__}.",
            "items": Many(Nested(line), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
    )
