"""A dataset that needs no network: drawn digits."""
