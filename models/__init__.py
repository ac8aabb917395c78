"""Every table, in one namespace: ``import models`` then ``models.Document``."""

from models.accounts import (
    Account,
    Device,
    DeviceAccount,
    Session,
    SignInName,
)
from models.audiences import (
    ADDRESSED_KINDS,
    ALONE,
    BELOW,
    EVERYONE,
    Addressing,
    Audience,
    Bucket,
)
from models.audit import (
    AuditEntry,
    AuditSeal,
)
from models.base import (
    Base,
    Rows,
)
from models.changes import (
    BucketHead,
    Change,
    Receipt,
    StaleMark,
)
from models.documents import (
    CIRCULATIONS,
    URGENCIES,
    Document,
    DocumentType,
    DocumentVersion,
    Download,
    Holder,
    Issuer,
    Part,
)
from models.files import (
    FILE_KINDS,
    StoredFile,
)
from models.kernel import (
    KeptAnswer,
    Tick,
)
from models.leased import (
    Leased,
    claim,
    is_due,
)
from models.meetings import (
    MEETING_KINDS,
    AgendaItem,
    Meeting,
    MeetingMaterial,
    MeetingReply,
)
from models.notifications import (
    OUTBOX_STATES,
    OUTBOX_WAITING,
    FanOut,
    InboxMark,
    Notice,
    NoticeMark,
    Outbox,
    Pause,
)
from models.organisation import (
    LABEL_WIDTH,
    PATH_END,
    ROLES,
    UNIT_KINDS,
    UNIT_NUMBER,
    Member,
    Membership,
    Position,
    Unit,
    UnitVersion,
)
from models.reading import (
    Acknowledgement,
    Progress,
    Quarantine,
    ReadingEvent,
)
from models.studies import (
    Campaign,
    CampaignCount,
    CampaignDocument,
    CampaignTarget,
    StudyEntry,
)
from models.views import (
    bucket_member,
    held_bucket,
)

__all__ = [
    "ADDRESSED_KINDS",
    "ALONE",
    "BELOW",
    "CIRCULATIONS",
    "EVERYONE",
    "FILE_KINDS",
    "LABEL_WIDTH",
    "MEETING_KINDS",
    "OUTBOX_STATES",
    "OUTBOX_WAITING",
    "PATH_END",
    "ROLES",
    "UNIT_KINDS",
    "UNIT_NUMBER",
    "URGENCIES",
    "Account",
    "Acknowledgement",
    "Addressing",
    "AgendaItem",
    "Audience",
    "AuditEntry",
    "AuditSeal",
    "Base",
    "Bucket",
    "BucketHead",
    "Campaign",
    "CampaignCount",
    "CampaignDocument",
    "CampaignTarget",
    "Change",
    "Device",
    "DeviceAccount",
    "Document",
    "DocumentType",
    "DocumentVersion",
    "Download",
    "FanOut",
    "Holder",
    "InboxMark",
    "Issuer",
    "KeptAnswer",
    "Leased",
    "Meeting",
    "MeetingMaterial",
    "MeetingReply",
    "Member",
    "Membership",
    "Notice",
    "NoticeMark",
    "Outbox",
    "Part",
    "Pause",
    "Position",
    "Progress",
    "Quarantine",
    "ReadingEvent",
    "Receipt",
    "Rows",
    "Session",
    "SignInName",
    "StaleMark",
    "StoredFile",
    "StudyEntry",
    "Tick",
    "Unit",
    "UnitVersion",
    "bucket_member",
    "claim",
    "held_bucket",
    "is_due",
]
