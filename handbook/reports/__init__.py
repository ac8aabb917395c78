"""Reports for committees: figures by unit, then by member, on the screen and as a workbook."""
