"""The page of `mlp explain --html`: one example through both passes, step by step."""
