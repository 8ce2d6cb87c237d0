"""One file per schema version, oldest number first."""
