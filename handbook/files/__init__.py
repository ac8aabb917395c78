"""Files from offices: which kinds are taken, how they are read safely, where they lie."""
