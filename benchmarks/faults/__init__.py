"""The fault suite: a cluster under load, faults at seeded moments, a recorder, and a checker that trusts none of it."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

# The servers and hunts of the tests serve here too; they are no package, for pytest finds them by their folder.
sys.path.append(str(REPOSITORY / "tests"))
