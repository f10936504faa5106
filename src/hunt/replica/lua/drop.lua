-- Drops a team's stream together with its score. Where the member names no team, only a stream goes with it.
-- KEYS: 1 the sorted set of teams, 2 the team's stream.  ARGV: 1 member.
if string.match(ARGV[1], '^%d+$') or redis.call('TYPE', KEYS[2])['ok'] == 'stream' then redis.call('UNLINK', KEYS[2]) end
return redis.call('ZREM', KEYS[1], ARGV[1])
