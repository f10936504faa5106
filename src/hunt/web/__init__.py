"""Pages for solvers: server-rendered, complete without a script, and kept up to date by the same fragments."""
