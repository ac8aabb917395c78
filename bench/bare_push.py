"""``python -m bench.bare_push CREDENTIALS URL``: firebase-admin's ``send_each`` and nothing else.

Prints the CPU milliseconds of a message. The session has the same pool as the house's own.
"""

import sys
import time
import warnings
from typing import Final

import firebase_admin
from firebase_admin import credentials, messaging
from requests.adapters import HTTPAdapter

SLICE: Final = 64
SLICES: Final = 40


def main() -> None:
    """Send 40 slices of 64 messages and print what one took."""
    warnings.simplefilter("ignore")
    path, url = sys.argv[1:]
    messaging._MessagingService.FCM_URL = url + "/v1/projects/{0}/messages:send"  # noqa: SLF001 - firebase-admin has no setting for it
    app = firebase_admin.initialize_app(credentials.Certificate(path), {"httpTimeout": 10})
    service = messaging._get_messaging_service(app)  # noqa: SLF001 - the only way to its session
    service._client.session.mount("http://", HTTPAdapter(pool_maxsize=SLICE))  # noqa: SLF001 - as above
    _send(app, 0)
    begin = time.process_time()
    for number in range(1, SLICES + 1):
        _send(app, number)
    sys.stdout.write(f"{(time.process_time() - begin) * 1000 / (SLICE * SLICES)}\n")


def _send(app: firebase_admin.App, number: int) -> None:
    batch = [_message(f"bare-{number}-{index}") for index in range(SLICE)]
    if messaging.send_each(batch, app=app).failure_count:
        raise RuntimeError("the fake refused a message")


def _message(address: str) -> messaging.Message:
    return messaging.Message(
        token=address,
        notification=messaging.Notification("Sổ tay đảng viên", "Đồng chí có văn bản mới"),
        data={"notice_id": "x" * 36, "object_kind": "document", "object_id": "y" * 36},
        android=messaging.AndroidConfig(collapse_key="document", ttl=3600, priority="high"),
    )


if __name__ == "__main__":
    main()
