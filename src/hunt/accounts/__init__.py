"""Teams and operators as accounts: passwords, logins, sessions, throttling."""
