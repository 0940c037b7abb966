"""The door from Python: own arrays and settings come in, a run goes out."""
