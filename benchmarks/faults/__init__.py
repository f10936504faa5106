"""The fault suite: a cluster under load and faults, a seeded model of it, and a checker of what the server promises.

Run by a Python that has not got the project, it makes the environment of the tests and goes on in there.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import devserver

if find_spec("hunt") is None and Path(sys.prefix) != devserver.VENV:
    try:
        devserver.prepare("test")
    except devserver.Failed as failed:
        sys.exit(str(failed))
    sys.exit(devserver.become([str(devserver.PYTHON), *sys.orig_argv[1:]], dict(os.environ)))
