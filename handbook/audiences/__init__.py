"""Who an object is addressed to."""
