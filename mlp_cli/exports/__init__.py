"""Networks and histories in other programs' formats, one file for each."""
