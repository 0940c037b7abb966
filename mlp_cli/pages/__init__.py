"""What people look at: charts, the report, the page to draw on."""
