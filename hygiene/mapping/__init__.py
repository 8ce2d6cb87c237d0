"""Which field, value and owner of one CRM is which of another: proposals for a person to look at."""
