"""The fault suite: a cluster under load, faults at seeded moments, a recorder, and a checker that trusts none of it."""
