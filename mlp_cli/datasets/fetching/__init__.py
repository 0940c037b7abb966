"""Datasets that are published: fetch their files from mirrors or from a folder, and verify them."""
