"""What phones pull: everything that changed in a member's buckets since the last time."""
