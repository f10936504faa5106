"""The JSON interface, for solvers, operators and services."""
