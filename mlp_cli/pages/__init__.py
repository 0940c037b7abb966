"""Pages and pictures: charts, the report, the page to draw on."""
