"""SOQL: text to tree (`parser`), tree to SQL (`compiler`), rows to JSON (`shape`)."""
