"""Bytes to arrays: IDX files, the catalogue of datasets, their download and loading.

Nothing is imported here: the catalogue must stay readable without NumPy.
"""
