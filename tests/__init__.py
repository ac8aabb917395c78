"""Tests in the mirror of the tree."""
