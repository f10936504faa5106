"""What `python devserver.py` runs inside its environment: a supervisor, and the server that it restarts."""
