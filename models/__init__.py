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
    Addressing,
    Audience,
    BELOW,
    Bucket,
    EVERYONE,
)
from models.audit import (
    AuditEntry,
    AuditSeal,
)
from models.base import (
    Base,
)
from models.changes import (
    BucketHead,
    Change,
    Receipt,
    StaleMark,
)
from models.documents import (
    CIRCULATIONS,
    Document,
    DocumentType,
    DocumentVersion,
    Download,
    Holder,
    Issuer,
    Part,
    URGENCIES,
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
    AgendaItem,
    MEETING_KINDS,
    Meeting,
    MeetingMaterial,
    MeetingReply,
)
from models.notifications import (
    FanOut,
    InboxMark,
    Notice,
    NoticeMark,
    OUTBOX_STATES,
    OUTBOX_WAITING,
    Outbox,
    Pause,
)
from models.organisation import (
    LABEL_WIDTH,
    Member,
    Membership,
    PATH_END,
    Position,
    ROLES,
    UNIT_KINDS,
    UNIT_NUMBER,
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
    BUCKET_MEMBER_SQL,
    HELD_BUCKET_SQL,
    bucket_member,
    held_bucket,
)

__all__ = [
    "ADDRESSED_KINDS",
    "ALONE",
    "Account",
    "Acknowledgement",
    "Addressing",
    "AgendaItem",
    "Audience",
    "AuditEntry",
    "AuditSeal",
    "BELOW",
    "BUCKET_MEMBER_SQL",
    "Base",
    "Bucket",
    "BucketHead",
    "CIRCULATIONS",
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
    "EVERYONE",
    "FILE_KINDS",
    "FanOut",
    "HELD_BUCKET_SQL",
    "Holder",
    "InboxMark",
    "Issuer",
    "KeptAnswer",
    "LABEL_WIDTH",
    "Leased",
    "MEETING_KINDS",
    "Meeting",
    "MeetingMaterial",
    "MeetingReply",
    "Member",
    "Membership",
    "Notice",
    "NoticeMark",
    "OUTBOX_STATES",
    "OUTBOX_WAITING",
    "Outbox",
    "PATH_END",
    "Part",
    "Pause",
    "Position",
    "Progress",
    "Quarantine",
    "ROLES",
    "ReadingEvent",
    "Receipt",
    "Session",
    "SignInName",
    "StaleMark",
    "StoredFile",
    "StudyEntry",
    "Tick",
    "UNIT_KINDS",
    "UNIT_NUMBER",
    "URGENCIES",
    "Unit",
    "UnitVersion",
    "bucket_member",
    "claim",
    "held_bucket",
    "is_due",
]
