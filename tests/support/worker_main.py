"""A real worker process that can be told where to die: ``KILL_AT=after_do:2`` names point and turn.

DATABASE_URL=… KILL_AT=before_commit:1 python -m tests.support.worker_main
"""

import os
import signal
import threading
from collections.abc import Callable

from handbook import config, jobs, logs
from handbook.app import create_app


def killer(order: str) -> Callable[[str], None]:
    """Return a crash function that kills this process the n-th time it passes the point named."""
    point, _, turn = order.partition(":")
    left = [int(turn or 1)]
    lock = threading.Lock()

    def crash(here: str) -> None:
        if here != point:
            return
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return crash


def main() -> None:
    """Run the worker with the settings of the environment until it is killed or told to stop."""
    settings = config.from_environment()
    logs.configure(settings.log_level)
    app = create_app(settings, settings.database_url or "")
    jobs.run_worker(app, settings, crash=killer(os.environ.get("KILL_AT", "")))


if __name__ == "__main__":
    main()
