"""The bucket log that phones pull, and the stale marks of derived state."""
