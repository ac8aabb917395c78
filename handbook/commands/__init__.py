"""The commands, a module each: what one does not need is not loaded."""
