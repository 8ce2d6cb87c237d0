"""Labelled tables and how well clusters agree with their truth: what tests take from the benchmarks."""

from benchmarks.evaluate import Score
from benchmarks.evaluate import pair_score as score_of
from benchmarks.labelled import read_text_table

__all__ = ["Score", "read_text_table", "score_of"]
