"""Live updates: what pages and programs see of a team, and the sockets that carry every change of it."""
