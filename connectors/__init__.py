"""One public file per remote system; private files hold what they share. Speaks HTTP (or reads files), never SQL."""
