"""The report: one HTML page about one run or several, with everything it shows inside it."""

from mlp_cli.report.findings import Findings, find
from mlp_cli.report.page import render

__all__ = ["Findings", "find", "render"]
