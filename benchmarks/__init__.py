"""What the server costs, each figure beside a floor of the same run, and whether it keeps its promises under faults."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]

# The servers and hunts of the tests serve here too; they are no package, for pytest finds them by their folder.
sys.path.append(str(REPOSITORY / "tests"))
