"""Company names to accounts by character TF-IDF, as scikit-learn's TfidfVectorizer has it, in numpy and scipy.

    python -m benchmarks.peers.tfidf NAMES.parquet ACCOUNTS.parquet ANSWERS.parquet

Both files have a column `name`. Writes for each name the most similar account (row) and their cosine; prints the
seconds, CPU seconds and peak memory as JSON. Runs in the peer's interpreter.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from benchmarks.meter import peak_mb
from benchmarks.peers.splink_columns import words

# Letters in a row: all lengths from two to four within padded words did best on S&P 500 names.
LENGTHS = (2, 3, 4)
ROWS_AT_ONCE = 2_000


def grams(names: pl.Series) -> pl.DataFrame:
    """Columns row and gram, one for each run of letters of a name, as often as it stands there."""
    frame = pl.DataFrame({"row": range(len(names)), "name": names})
    split = frame.with_columns(words("name").fill_null("").str.split(" ").alias("word")).explode("word")
    padded = split.select("row", pl.format(" {} ", "word").alias("word"))
    parts = []
    for length in LENGTHS:
        most = padded["word"].str.len_chars().max()
        for at in range(int(str(most)) - length + 1):
            cut = padded.filter(pl.col("word").str.len_chars() >= at + length)
            parts.append(cut.select("row", pl.col("word").str.slice(at, length).alias("gram")))
    return pl.concat(parts)


def vectors(asked: pl.Series, accounts: pl.Series) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Rows of length one: counts (sublinear) times inverse document frequency, learned from the accounts."""
    ours, theirs = grams(asked), grams(accounts)
    vocabulary = theirs.group_by("gram").agg(pl.col("row").n_unique().alias("documents")).with_row_index("column")
    idf = np.log((1 + len(accounts)) / (1 + vocabulary["documents"].to_numpy())) + 1
    return _matrix(ours, vocabulary, idf, len(asked)), _matrix(theirs, vocabulary, idf, len(accounts))


def _matrix(found: pl.DataFrame, vocabulary: pl.DataFrame, idf: npt.NDArray[np.float64], size: int) -> sp.csr_matrix:
    counted = found.group_by("row", "gram").len().join(vocabulary, on="gram")
    column = counted["column"].to_numpy()
    weight = (1 + np.log(counted["len"].to_numpy())) * idf[column]
    raw = sp.csr_matrix((weight, (counted["row"].to_numpy(), column)), shape=(size, len(vocabulary)))
    lengths = np.sqrt(np.asarray(raw.multiply(raw).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags(1 / np.maximum(lengths, 1e-12)) @ raw)


def nearest(asked: sp.csr_matrix, accounts: sp.csr_matrix) -> pl.DataFrame:
    turned = accounts.T.tocsc()
    best, cosine = [], []
    for start in range(0, asked.shape[0], ROWS_AT_ONCE):
        similar = (asked[start : start + ROWS_AT_ONCE] @ turned).tocsr()
        best.append(np.asarray(similar.argmax(axis=1)).ravel())
        cosine.append(similar.max(axis=1).toarray().ravel())
    return pl.DataFrame({"account_row": np.concatenate(best), "cosine": np.concatenate(cosine)})


def main() -> None:
    names, accounts = (pl.read_parquet(path)["name"] for path in sys.argv[1:3])
    begun, begun_cpu = time.perf_counter(), time.process_time()
    found = nearest(*vectors(names, accounts))
    spent = {"seconds": time.perf_counter() - begun, "cpu_s": time.process_time() - begun_cpu, "peak_mb": peak_mb()}
    found.write_parquet(sys.argv[3])
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
