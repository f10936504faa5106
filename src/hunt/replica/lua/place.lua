-- Says how far the scrub has got, for people.
-- KEYS: 1 place.  ARGV: 1 what to say, 2 milliseconds for which it holds.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
