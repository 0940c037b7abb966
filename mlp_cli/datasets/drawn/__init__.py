"""A dataset that needs no network and no file: drawn digits."""
