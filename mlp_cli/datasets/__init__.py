"""Datasets: find, fetch or draw their files, and read them as arrays.

This file imports nothing: help and completion read the catalogue without NumPy.
"""
