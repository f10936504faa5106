-- Gives up a build, so that the next one need not wait for lack of progress.
-- KEYS: 1 builder, 2 shadow stream.  ARGV: 1 token.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return redis.call('UNLINK', KEYS[2])
