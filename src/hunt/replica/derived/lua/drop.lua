-- Drops all that is kept of the teams' states.
-- KEYS: 1 teams, 2 meta.
return redis.call('DEL', KEYS[1], KEYS[2])
