"""Where the rooms meet: pull, match, resolve, score, enrich, plan, push, undo, and all of them in a cycle."""
