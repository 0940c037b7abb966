"""A dataset that needs no download: drawn digits."""
