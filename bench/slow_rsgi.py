"""The application of ``bench.slow`` behind the gateway; for ``servers`` only."""

from bench.slow import app
from handbook.gateway import Gateway

__all__ = ["gateway"]

gateway = Gateway(app, most_bytes=50 << 20)
