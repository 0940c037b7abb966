"""How well a network reads: scores, and signs of trouble."""
