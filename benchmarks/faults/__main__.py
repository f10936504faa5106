"""The fault suite in its long form: `python -m benchmarks.faults`; exit status 1 where a promise was not kept.

Each run has a seed, from which the faults and their order follow; a failing one is saved and can be had again with
`--seed`, or judged again with `--check`.
"""

import argparse
import secrets
import sys
import time
from pathlib import Path

import msgspec
import uvloop

from benchmarks.faults.checker import check
from benchmarks.faults.cluster import DidNotStart
from benchmarks.faults.evidence import Evidence
from benchmarks.faults.report import Judged, as_markdown, as_text
from benchmarks.faults.run import Tell, run, silent
from benchmarks.faults.schedule import Plan, long_plan, plan_of, short_plan

MAX_SEED = 2**31
MINUTES = 3.0


def main() -> int:
    options = _options()
    seed = secrets.randbelow(MAX_SEED) if options.seed is None else options.seed
    if options.check is not None:
        return _check(options.check)
    if options.model is not None:
        return _model(seed, options.model)
    if options.plants is not None:
        return _plants(options.plants, seed)
    return _runs(options, seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="of the first run; the next ones follow it (default: a random one)")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long each run goes on striking")
    parser.add_argument("--runs", type=int, default=1, help="how many, each with a fresh cluster")
    parser.add_argument("--short", action="store_true", help="the handful of faults that the tests inject")
    parser.add_argument("--save", type=Path, default=Path(), metavar="DIR", help="where failing runs are kept")
    parser.add_argument("--keep", action="store_true", help="keep what every run leaves behind, the good ones' too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the figures there as tables")
    parser.add_argument("--plants", nargs="*", metavar="NAME", help="put in known bugs (all), and see each one caught")
    parser.add_argument("--model", type=int, metavar="SEEDS", help="so many seeds of the model instead of a cluster")
    parser.add_argument("--check", type=Path, metavar="FILE", help="judge a saved run again, and do nothing else")
    return parser.parse_args()


def _runs(options: argparse.Namespace, first: int) -> int:
    judged: list[Judged] = []
    for seed in range(first, first + options.runs):
        plan = short_plan(seed) if options.short else long_plan(seed, options.minutes)
        print(f"seed {seed}", flush=True)
        judged.append(judge(plan, _teller()))
        if options.keep or not judged[-1].is_green:
            _save(judged[-1].evidence, options.save, f"seed-{seed}.json")
    print(f"\n{as_text(judged)}")
    if options.markdown:
        options.markdown.write_text(as_markdown(judged))
    return 0 if all(one.is_green for one in judged) else 1


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


def _save(evidence: Evidence, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    evidence.save(folder / name)
    print(f"what the run left behind is in {folder / name}")


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
        except DidNotStart as error:
            found, why = set[str](), f"the servers did not start: {error}"
        else:
            found = {finding.name for finding in judged.findings}
            why = f"found were only {sorted(found)}"
        caught = sorted(found & set(PLANTS[name].findings))
        print(f"{name}: " + (f"caught as {', '.join(caught)}" if caught else f"MISSED, {why}"), flush=True)
        missed += [] if caught else [name]
    return 1 if missed else 0


def _model(first: int, count: int) -> int:
    """Runs of the model; exit status 1 where one of them has a finding, or all of them lack some kind of event."""
    from benchmarks.faults.model import run_seeds, teller  # noqa: PLC0415 - the model's loop is not for a cluster

    summary = run_seeds(first, count, teller())
    print(summary.as_text())
    return 0 if summary.is_green else 1


if __name__ == "__main__":
    sys.exit(main())
