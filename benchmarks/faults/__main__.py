"""The fault suite in its long form: `python -m benchmarks.faults`, a cluster and then thousands of seeds of the model.

Exit status 1 where a promise was not kept, or where a run did not meet all that it has to. Each run has a seed, from
which the faults and their order follow; a failing one is saved and can be had again with `--seed`, or judged again with
`--check`.
"""

import argparse
import secrets
import sys
import time
from pathlib import Path

import msgspec
import uvloop

from benchmarks.faults.backups import BackupFailed
from benchmarks.faults.checker import check
from benchmarks.faults.cluster import DidNotStart
from benchmarks.faults.evidence import Evidence
from benchmarks.faults.injectors import NothingToHit
from benchmarks.faults.report import Judged, as_markdown, as_text
from benchmarks.faults.run import Tell, run, silent
from benchmarks.faults.schedule import Plan, long_plan, plan_of, short_plan
from servers import CannotRun

MAX_SEED = 2**31
MINUTES = 3.0
MODEL_SEEDS = 2000
COMMAND = "python -m benchmarks.faults"

NOT_JUDGED = (DidNotStart, NothingToHit, BackupFailed, TimeoutError)
"""What keeps a run from leaving anything behind that could be judged."""


def main() -> int:
    options = _options()
    seed = secrets.randbelow(MAX_SEED) if options.seed is None else options.seed
    try:
        if options.check is not None:
            return _check(options.check)
        if options.plants is not None:
            return _plants(options.plants, seed)
        is_good = [_runs(options, seed)] if options.runs else []
        is_good += [_model(seed, options.model)] if options.model else []
    except CannotRun as error:
        raise SystemExit(str(error)) from None
    return 0 if all(is_good) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--seed", type=int, help="of the first run; the next ones follow it (a random one)")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"how long each run goes on striking ({MINUTES:g})"
    )
    parser.add_argument("--runs", type=int, help="how many, each with a fresh cluster (1, with --model none)")
    parser.add_argument("--short", action="store_true", help="the handful of faults that the tests inject")
    parser.add_argument("--save", type=Path, default=Path(), metavar="DIR", help="where failing runs are kept (here)")
    parser.add_argument("--keep", action="store_true", help="keep what every run leaves behind, the good ones' too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the figures there as tables")
    parser.add_argument("--plants", nargs="*", metavar="NAME", help="put in known bugs (all), and see each one caught")
    parser.add_argument(
        "--model", type=int, metavar="SEEDS", help=f"of the model ({MODEL_SEEDS}, with --seed or --short none)"
    )
    parser.add_argument("--check", type=Path, metavar="FILE", help="judge a saved run again, and do nothing else")
    options = parser.parse_args()
    if options.runs is None:
        options.runs = 1 if options.model is None else 0
    if options.model is None:
        options.model = MODEL_SEEDS if options.seed is None and not options.short else 0
    return options


def _runs(options: argparse.Namespace, first: int) -> bool:
    """Runs in a cluster; whether all are green."""
    judged: list[Judged] = []
    for seed in range(first, first + options.runs):
        plan = short_plan(seed) if options.short else long_plan(seed, options.minutes)
        again = f"{COMMAND} --seed {seed} " + ("--short" if options.short else f"--minutes {options.minutes:g}")
        print(f"seed {seed}", flush=True)
        try:
            judged.append(judge(plan, _teller()))
        except NOT_JUDGED as error:
            print(f"seed {seed} could not be judged: {str(error) or 'it did not end'}\nagain: {again}", flush=True)
            continue
        if options.keep or not judged[-1].is_green:
            file = options.save / f"seed-{seed}.json"
            _save(judged[-1].evidence, file)
            print(f"again: {again}\njudged again: {COMMAND} --check {file}", flush=True)
    print(f"\n{as_text(judged)}")
    if options.markdown:
        options.markdown.write_text(as_markdown(judged))
    return len(judged) == options.runs and all(one.is_green for one in judged)


def judge(plan: Plan, tell: Tell) -> Judged:
    """Carry out the plan and have it checked."""
    began = time.monotonic()
    evidence = uvloop.run(run(plan, tell))
    seconds = time.monotonic() - began
    return Judged(evidence=evidence, findings=check(evidence), seconds=seconds)


def _teller() -> Tell:
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    return tell


def _save(evidence: Evidence, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    evidence.save(file)
    print(f"what the run left behind is in {file}")


def _check(file: Path) -> int:
    """Judge a saved run again; what it took is not in the file, so that its time until all was quiet stands for it."""
    try:
        evidence = Evidence.load(file)
    except (OSError, msgspec.DecodeError) as error:
        raise SystemExit(f"{file} holds no saved run: {error}") from None
    judged = Judged(evidence=evidence, findings=check(evidence), seconds=evidence.quiet_at)
    print(as_text([judged]))
    return 0 if judged.is_green else 1


def _plants(names: list[str], seed: int) -> int:
    """A run for each of the known bugs; exit status 1 where one is not caught by its name."""
    from benchmarks.faults.planted import PLANTS  # noqa: PLC0415 - patches nothing, but is needed by nobody else

    missed = []
    for name in names or PLANTS:
        try:
            judged = judge(plan_of(PLANTS[name].faults, seed, name), silent)
        except NOT_JUDGED as error:
            found, why = set[str](), str(error) or "the run did not end"
        else:
            found = {finding.name for finding in judged.findings}
            why = f"found were only {sorted(found)}"
        caught = sorted(found & set(PLANTS[name].findings))
        print(f"{name}: " + (f"caught as {', '.join(caught)}" if caught else f"MISSED, {why}"), flush=True)
        missed += [] if caught else [name]
    return 1 if missed else 0


def _model(first: int, count: int) -> bool:
    """Runs of the model; False where one of them has a finding, or all of them lack some kind of event."""
    from benchmarks.faults.model import run_seeds, teller  # noqa: PLC0415 - the model's loop is not for a cluster

    print(f"{count} seeds of the model from {first} on", flush=True)
    summary = run_seeds(first, count, teller())
    print(summary.as_text())
    return summary.is_green


if __name__ == "__main__":
    sys.exit(main())
