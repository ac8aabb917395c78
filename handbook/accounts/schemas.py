"""Sign-in, sessions and devices as the API takes and shows them."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from handbook import fields, ids
from handbook.access import Permission
from handbook.organisation.schemas import MemberOut
from models import ROLES, UNIT_KINDS

PLATFORMS = ("android", "ios", "web")
ADDRESS_KINDS = ("token", "fid")
LANGUAGES = ("vi", "en")
_PRINTABLE = r"[\x21-\x7e]+"


class DeviceIn(fields.Schema):
    """What a device says of itself: where push reaches it, if anywhere."""

    platform = fields.Choice(PLATFORMS, required=True)
    kind = fields.Choice(ADDRESS_KINDS, load_default=None, allow_none=True)
    address = fields.Text(1024, pattern=_PRINTABLE, load_default=None, allow_none=True)
    app_version = fields.Text(50, load_default=None, allow_none=True)

    @validates_schema
    def check_address(self, data: dict[str, Any], **_more: Any) -> None:
        """Demand an address with its kind, or neither."""
        if (data["address"] is None) != (data["kind"] is None):
            raise ValidationError("required", "kind" if data["kind"] is None else "address")


class SignInDevice(DeviceIn):
    """The device one signs in on; its id is a UUIDv7 made by the app and kept by it."""

    id = fields.Id(required=True)

    @validates_schema
    def check_id(self, data: dict[str, Any], **_more: Any) -> None:
        """Demand a UUID of version 7."""
        if not ids.is_v7(data["id"]):
            raise ValidationError("format", "id")


class SignInIn(fields.Schema):
    """A name (phone, card number or handle), the password, and the device."""

    name = fields.Text(254, required=True)
    password = fields.Secret(required=True)
    device = fields.Nested(SignInDevice, required=True)


class RefreshIn(fields.Schema):
    """The newest refresh token of the session."""

    refresh_token = fields.Text(2000, pattern=_PRINTABLE, required=True, load_only=True)


class PasswordIn(fields.Schema):
    """The password as it is, and as it shall be: 8 characters or more."""

    old = fields.Secret(required=True)
    new = fields.Secret(required=True)


class TokensOut(fields.Schema):
    """An access token good for ``expires_in`` seconds, and the token that renews it once."""

    access_token = fields.Text(4000, required=True)
    refresh_token = fields.Text(4000, required=True)
    expires_in = fields.Whole(required=True)


class AccountOut(fields.Schema):
    """An account."""

    id = fields.Id(required=True)
    language = fields.Choice(LANGUAGES, required=True)


class SignedInMember(fields.Schema):
    """Whose account it is."""

    id = fields.Id(required=True)
    full_name = fields.Text(200, required=True)


class SignInOut(TokensOut):
    """A new session: its tokens, and whose it is."""

    session_id = fields.Id(required=True)
    account = fields.Nested(AccountOut, required=True)
    member = fields.Nested(SignedInMember, required=True)


class DeviceOut(fields.Schema):
    """A device; its push address is never shown."""

    id = fields.Id(required=True)
    platform = fields.Choice(PLATFORMS, required=True)
    kind = fields.Choice(ADDRESS_KINDS, attribute="address_kind", required=True, allow_none=True)
    app_version = fields.Text(50, required=True, allow_none=True)
    refreshed_at = fields.Instant(required=True)


class SessionLine(fields.Schema):
    """A live session; ``current`` is the one that asks."""

    id = fields.Id(required=True)
    device_id = fields.Id(required=True)
    platform = fields.Choice(PLATFORMS, required=True)
    app_version = fields.Text(50, required=True, allow_none=True)
    created_at = fields.Instant(required=True)
    refreshed_at = fields.Instant(required=True)
    expires_at = fields.Instant(required=True)
    current = fields.Flag(required=True)


SessionPage = fields.page_of(SessionLine, "SessionPage")


class PlaceOut(fields.Schema):
    """A unit in which the member sits today."""

    unit_id = fields.Id(required=True)
    unit_kind = fields.Choice(UNIT_KINDS, required=True)
    unit_name = fields.Text(300, required=True)
    kind = fields.Choice(("official", "temporary"), required=True)


class PostOut(fields.Schema):
    """A post held today."""

    unit_id = fields.Id(required=True)
    unit_kind = fields.Choice(UNIT_KINDS, required=True)
    unit_name = fields.Text(300, required=True)
    role = fields.Choice(ROLES, required=True)


class PermissionOut(fields.Schema):
    """A permission, and the units at and below which it is held."""

    permission = fields.Choice(tuple(map(str, Permission)), required=True)
    unit_ids = fields.Many(fields.Id(), required=True)


class MeOut(fields.Schema):
    """The member who is signed in."""

    session_id = fields.Id(required=True)
    account = fields.Nested(AccountOut, required=True)
    member = fields.Nested(MemberOut, required=True)
    device = fields.Nested(DeviceOut, required=True)
    places = fields.Many(fields.Nested(PlaceOut), required=True)
    posts = fields.Many(fields.Nested(PostOut), required=True)
    permissions = fields.Many(fields.Nested(PermissionOut), required=True)
