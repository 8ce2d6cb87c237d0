"""The nouns of Trueline: streams, batches, changes, evidence, settings and the error tree.

Imports the standard library and pydantic only, so that every other room may import it.
"""
