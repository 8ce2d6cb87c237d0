"""The verbs of the command line, grouped; each module's `register` adds its own to the app."""
