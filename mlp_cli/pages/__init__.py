"""Pages: the report, the page to draw on, and the charts of a sweep."""
