"""Benchmarks: each path beside its own limit, as a ratio that can be read on any machine."""
