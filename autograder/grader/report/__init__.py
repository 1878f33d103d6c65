"""What is made of the results: points, tables, pages, files. Nothing here runs a check."""
