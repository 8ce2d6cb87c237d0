"""What is measured, against which peers, in the same run: `python -m benchmarks.<module>`."""
