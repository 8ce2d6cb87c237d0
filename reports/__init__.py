"""Shows people what the store holds: in the terminal, as an HTML page, as spreadsheets, as JSON."""
