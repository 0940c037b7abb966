"""Networks and histories in the formats of other programs, one file for each format."""
