"""`python -m trueline`: the same command where the script is not on the path."""

from trueline.cli import main

main()
