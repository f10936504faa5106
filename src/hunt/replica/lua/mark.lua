-- Marks the replica as bad, so that nobody appends to it or reads it before it is rebuilt.
-- KEYS: 1 meta.  ARGV: 1 the gen that was found bad, 2 reason.  Answers 1, or 0 when another gen has taken its place.
if redis.call('HGET', KEYS[1], 'gen') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'bad', ARGV[2])
return 1
