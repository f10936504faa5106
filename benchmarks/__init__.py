"""What the server costs: `python -m benchmarks.guess`, `.push` and `.page`, each beside a floor of the same run."""
