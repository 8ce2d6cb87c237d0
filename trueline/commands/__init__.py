"""The verbs of the command line, grouped; `app` of a module holds its own, and trueline/verbs.py lists them."""
