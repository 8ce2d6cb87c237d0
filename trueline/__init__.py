"""The faces of Trueline: the command line, and the loading of settings and secrets."""
