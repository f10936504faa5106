"""A seeded model of the protocol that runs the real code without I/O.

Each seed is a few teams, browsers and processes in virtual time, with faults at moments that the seed chooses. Real
are: the writer, tail, board and rules; all of the replica with its Lua and the states of the teams that it keeps (in
fakeredis, through the real Redis client with its time limits and its one retry); feed, history, hub, connections,
protocol and datasets. Simulated are: time, the SQL database, the roads to it and to Redis, websockets, and clients. A
seed leaves the same evidence each time, byte for byte.

Left out: SQL statements and their isolation (the append lock and COMMIT are taken at their word), HTTP and logins,
accounts, a change of the hunt, time conditions, a `live` process's own HTTP reads (it reads the log as the others do),
several databases of Redis, TCP, and bytes of a frame cut in the middle.
"""

from benchmarks.faults.model.runs import Broken, Outcome, Summary, judge, run_seeds, simulate, tell, teller

__all__ = ["Broken", "Outcome", "Summary", "judge", "run_seeds", "simulate", "tell", "teller"]
