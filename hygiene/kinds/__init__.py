"""Field kinds, one file each.

A kind offers whole-column functions: `normalise` (the canonical form, null where a value cannot be read), `problems`
(a reason in words, null where all is well) and `match_key` (what two records must share to be candidates), plus the
scalar helpers they are made of. All work on distinct values, are idempotent and never raise on any text.
"""
