-- Ends a pass: says of the states how far they go, if they are all there.
-- KEYS: 1 teams, 2 meta, 3 pass.  ARGV: 1 milliseconds to live, 2 token, 3 number of states, 4 meta.
-- Answers 1, or 0 when another pass has begun or states have vanished.
if redis.call('GET', KEYS[3]) ~= ARGV[2] then return 0 end
if redis.call('HLEN', KEYS[1]) < tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[1])
return 1
