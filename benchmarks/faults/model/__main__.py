"""`python -m benchmarks.faults.model SEED …` runs seeds again; exit 1 when one of them fails."""

import sys

from benchmarks.faults.model import judge, tell


def main() -> int:
    outcomes = [judge(int(seed)) for seed in sys.argv[1:]]
    for outcome in outcomes:
        tell(outcome)
        print(f"seed {outcome.seed}: {len(outcome.findings)} findings, {outcome.frames} frames, {outcome.events_met}")
    return 1 if any(outcome.findings for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
