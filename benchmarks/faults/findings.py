"""The names of everything that the checker can find, each with the promise that is broken."""

from collections import Counter

from benchmarks.faults.evidence import Finding

PROMISES = {
    # the log
    "hole_in_the_log": "Ids are 1, 2, 3, … without a gap.",
    "broken_chain": "Each row's digest follows from its content and the row before it.",
    "guess_written_twice": "A team's guess on a puzzle is one row, however often it is sent.",
    # what was asked for
    "acknowledged_lost": "What a server said was done is in the log.",
    "written_twice": "A command is in the log once at most.",
    "refused_but_written": "What a server refused is not in the log.",
    "wrong_ids": "An answer names the ids of the rows that were written.",
    "answer_before_own_act": "An answer stands at or after what it acknowledges.",
    "server_error": "Whatever is away, nobody is answered 500.",
    # sockets: datasets that grow
    "missing_field": "A frame has every field that it must have.",
    "gap_in_frames": "A frame begins where the one before it ended; nothing lies between.",
    "overlapping_frames": "A frame begins where the one before it ended, not earlier.",
    "cursor_went_back": "A cursor never goes back but by a reset.",
    "skipped_reset": "A client that holds a piece of another history is told to drop it.",
    "needless_reset": "Nobody is reset whose piece is one of the log's.",
    "phantom": "Nothing is shown that was never committed.",
    "lost_entry": "A frame holds all that the dataset has up to its id.",
    "seen_twice": "Each entry comes once.",
    "unordered": "Entries come in the order of their ids.",
    "foreign_entry": "No entry of another team is shown.",
    "locked_entry": "No entry about a puzzle that the team has not seen is shown.",
    "wrong_entry": "An entry says what its row says.",
    # sockets: datasets that are replaced
    "epoch_went_back": "The epoch of a value never goes back on a socket.",
    "stale_value": "A value is of the entry that it says it stands at, not of an earlier one.",
    "wrong_value": "A value equals the fold of the log at its epoch.",
    "locked_content": "No value names what the team has not reached.",
    "not_converged": "In the end every socket holds what SQL holds.",
    # the replica
    "replica_behind": "In the end the replica reaches the log's head.",
    "replica_hole": "The stream has no hole.",
    "replica_extra": "The stream has nothing that the log has not.",
    "replica_differs": "Each message of the stream is its row, byte for byte.",
    "replica_phantom": "Nothing is published that was never committed.",
    "replica_glued": "The stream never joins pieces of two histories.",
    "replica_went_back": "The replica's head never goes back by itself.",
    "team_index_ahead": "A team's score never stands beyond what its stream holds.",
    "team_stream_differs": "A team's stream is what the log has for it.",
    "not_repaired": "After each fault the replica equals SQL again in time.",
    # answers
    "stale_read": "An answer stands at or after the id that the client has seen.",
    "wrong_read": "An answer equals the fold of the log at its epoch.",
}

MAX_OF_A_NAME = 20
"""Findings of one name that are told in full; the others are counted."""


class Findings:
    """Takes down what is found."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._counts: Counter[str] = Counter()

    def add(self, name: str, text: str) -> None:
        if name not in PROMISES:
            raise KeyError(f"there is no finding `{name}`")
        self._counts[name] += 1
        if self._counts[name] <= MAX_OF_A_NAME:
            self._found.append(Finding(name=name, text=text))

    def all(self) -> list[Finding]:
        more = [
            Finding(name=name, text=f"… and {count - MAX_OF_A_NAME} more like these")
            for name, count in self._counts.items()
            if count > MAX_OF_A_NAME
        ]
        return self._found + more
