-- Drops a team's stream together with its score.
-- KEYS: 1 the sorted set of teams, 2 the team's stream.  ARGV: 1 team.
redis.call('UNLINK', KEYS[2])
return redis.call('ZREM', KEYS[1], ARGV[1])
