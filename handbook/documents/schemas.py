"""Documents as the API takes and shows them."""

from flask_smorest.fields import Upload

from handbook import fields
from handbook.audiences.schemas import AudienceIn
from handbook.documents.rules import SECRECIES, STATES
from models import CIRCULATIONS, URGENCIES

MOST_NUMBER = 99_999
MOST_PARTS = 100_000


class DocumentPatch(fields.Schema):
    """What may be changed of a draft; what is not named stays."""

    type_code = fields.Text(40, pattern="[a-z_]+")
    issuer_id = fields.Id(allow_none=True)
    number = fields.Whole(1, MOST_NUMBER, allow_none=True)
    symbol = fields.Text(60, allow_none=True)
    term = fields.Text(60, allow_none=True)
    issued_on = fields.Day(allow_none=True)
    abstract = fields.Text(2000)
    signer = fields.Text(200, allow_none=True)
    urgency = fields.Choice(URGENCIES)
    circulation = fields.Choice(CIRCULATIONS)


class DocumentIn(fields.Schema):
    """A new document. ``secrecy`` must be said; whatever is not ``none`` is refused."""

    unit_id = fields.Id(required=True)
    secrecy = fields.Choice(SECRECIES, required=True)
    type_code = fields.Text(40, pattern="[a-z_]+", required=True)
    issuer_id = fields.Id(load_default=None, allow_none=True)
    number = fields.Whole(1, MOST_NUMBER, load_default=None, allow_none=True)
    symbol = fields.Text(60, load_default=None, allow_none=True)
    term = fields.Text(60, load_default=None, allow_none=True)
    issued_on = fields.Day(load_default=None, allow_none=True)
    abstract = fields.Text(2000, required=True)
    signer = fields.Text(200, load_default=None, allow_none=True)
    urgency = fields.Choice(URGENCIES, required=True)
    circulation = fields.Choice(CIRCULATIONS, required=True)


class FileOut(fields.Schema):
    """A stored file."""

    sha256 = fields.Text(64, required=True)
    size = fields.Whole(1, 2**53, required=True)
    kind = fields.Text(8, required=True)
    name = fields.Text(200, required=True)


class VersionBrief(fields.Schema):
    """The published version in a list."""

    id = fields.Id(required=True)
    number = fields.Whole(required=True)
    parts_total = fields.Whole(required=True)
    words = fields.Whole(required=True)


class PublishedVersion(VersionBrief):
    """The published version with its file."""

    file = fields.Nested(FileOut, required=True)


class ContentOut(fields.Schema):
    """A line of the table of contents; ``sha256`` is the ETag of the part."""

    number = fields.Whole(required=True)
    heading = fields.Text(500, required=True, allow_none=True)
    words = fields.Whole(required=True)
    sha256 = fields.Text(64, required=True)


class OwnState(fields.Schema):
    """How far the reader has come with the published version."""

    parts_seen = fields.Whole(required=True)
    credited_seconds = fields.Whole(required=True)
    read = fields.Flag(required=True)
    acknowledged_at = fields.Instant(required=True, allow_none=True)


class DocumentHeading(fields.Schema):
    """What names a document wherever it is shown."""

    id = fields.Id(required=True)
    type_code = fields.Text(40, required=True)
    type = fields.Text(100, required=True)
    number_line = fields.Text(200, required=True, allow_none=True)
    abstract = fields.Text(2000, required=True)
    issuer = fields.Text(300, required=True, allow_none=True)
    issued_on = fields.Day(required=True, allow_none=True)
    urgency = fields.Choice(URGENCIES, required=True)
    circulation = fields.Choice(CIRCULATIONS, required=True)
    published_at = fields.Instant(required=True, allow_none=True)


class DocumentLine(DocumentHeading):
    """A document in the reader's library."""

    version = fields.Nested(VersionBrief, required=True)
    own = fields.Nested(OwnState, required=True)


class DeskLine(DocumentHeading):
    """A document in the clerk's list."""

    unit_id = fields.Id(required=True)
    state = fields.Choice(STATES, required=True)
    created_at = fields.Instant(required=True)
    recalled_at = fields.Instant(required=True, allow_none=True)
    revision = fields.Whole(required=True)


class DocumentOut(DeskLine):
    """A whole document; ``version`` and ``parts`` are there once it is published."""

    issuer_id = fields.Id(required=True, allow_none=True)
    number = fields.Whole(required=True, allow_none=True)
    symbol = fields.Text(60, required=True, allow_none=True)
    term = fields.Text(60, required=True, allow_none=True)
    signer = fields.Text(200, required=True, allow_none=True)
    recall_reason = fields.Text(1000, required=True, allow_none=True)
    version = fields.Nested(PublishedVersion, required=True, allow_none=True)
    parts = fields.Many(fields.Nested(ContentOut), most=MOST_PARTS, required=True)


class VersionIn(fields.Schema):
    """The multipart body of an upload: one file, DOCX, PDF or UTF-8 text."""

    file = Upload(required=True)


class NoFields(fields.Schema):
    """A form without text fields."""


class VersionOut(VersionBrief):
    """A version and how its rendering stands; ``failure`` is a stable code."""

    state = fields.Choice(("waiting", "ready", "failed"), required=True)
    failure = fields.Text(60, required=True, allow_none=True)
    file = fields.Nested(FileOut, required=True)
    created_at = fields.Instant(required=True)


class VersionsOut(fields.Schema):
    """All versions of a document, newest first."""

    items = fields.Many(fields.Nested(VersionOut), required=True)


class PublicationIn(fields.Schema):
    """To whom, and the word of the one who publishes that nothing in it is a state secret.

    ``version_id`` names the version that was looked at: a newer one is not published unseen.
    """

    audience = fields.Nested(AudienceIn, required=True)
    attestation = fields.Flag(required=True)
    version_id = fields.Id(load_default=None, allow_none=True)


class RecallIn(fields.Schema):
    """Why a document is recalled."""

    reason = fields.Text(1000, required=True)


class PartOut(fields.Schema):
    """A part of a document: clean HTML, its words, and ``of`` how many parts it is one."""

    number = fields.Whole(required=True)
    heading = fields.Text(500, required=True, allow_none=True)
    html = fields.Text(2**26, least=0, required=True)
    words = fields.Whole(required=True)
    of = fields.Whole(required=True)


class HolderLine(fields.Schema):
    """A device that had a document: its record, or content too; ``removed_at`` once proved."""

    device_id = fields.Id(required=True)
    platform = fields.Text(20, required=True)
    member_id = fields.Id(required=True)
    full_name = fields.Text(200, required=True)
    had = fields.Choice(("record", "content"), required=True)
    at = fields.Instant(required=True)
    removed_at = fields.Instant(required=True, allow_none=True)


class TypeOut(fields.Schema):
    """A type of document; ``source`` names the rule it stands in."""

    code = fields.Text(40, required=True)
    symbol = fields.Text(20, required=True, allow_none=True)
    name = fields.Text(100, required=True)
    cell_may_issue = fields.Flag(required=True)
    source = fields.Text(200, required=True)


class TypesOut(fields.Schema):
    """All types of documents, in their order."""

    items = fields.Many(fields.Nested(TypeOut), required=True)


class IssuerIn(fields.Schema):
    """A body that issues documents; ``unit_id`` when it stands in the tree."""

    name = fields.Text(300, required=True)
    symbol = fields.Text(40, load_default=None, allow_none=True)
    unit_id = fields.Id(load_default=None, allow_none=True)


class IssuerOut(fields.Schema):
    """A body that issues documents."""

    id = fields.Id(required=True)
    name = fields.Text(300, required=True)
    symbol = fields.Text(40, required=True, allow_none=True)
    unit_id = fields.Id(required=True, allow_none=True)


class DeskQuery(fields.PageQuery):
    """Which documents of the clerk's scope."""

    state = fields.Choice(STATES, load_default=None)
    unit_id = fields.Id(load_default=None)


class IssuerQuery(fields.PageQuery):
    """Which issuers: those whose name contains ``q``, marks and case aside."""

    q = fields.Text(100, load_default=None)


DocumentPage = fields.page_of(DocumentLine, "DocumentPage")
DeskPage = fields.page_of(DeskLine, "DeskPage")
HolderPage = fields.page_of(HolderLine, "HolderPage")
IssuerPage = fields.page_of(IssuerOut, "IssuerPage")
