"""Fetch the files of a dataset, verified, from mirrors or from a folder."""
