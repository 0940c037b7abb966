"""Figures about a network: how good its predictions are, and whether it can still learn."""
