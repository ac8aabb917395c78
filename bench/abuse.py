"""Clients that treat a server badly while a block runs."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def slow_bodies(port: int, path: str, number: int) -> Iterator[None]:
    """Let clients send a byte of a body each second, never the whole of it."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000\r\n\r\n"
    )
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(number)]
    stop = threading.Event()

    def drip() -> None:
        for one in sockets:
            one.sendall(head.encode())
        while not stop.wait(1):
            for one in sockets:
                with suppress(OSError):
                    one.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    time.sleep(0.5)
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for one in sockets:
            one.close()


@contextmanager
def many(number: int, act: Callable[[], None]) -> Iterator[None]:
    """Let ``number`` clients repeat an act without a pause; their failures are theirs."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            with suppress(OSError, RuntimeError):
                act()

    threads = [threading.Thread(target=repeat) for _ in range(number)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
