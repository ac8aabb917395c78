"""Numbered steps; migrations/HEAD names the newest."""
