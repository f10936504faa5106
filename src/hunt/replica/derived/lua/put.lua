-- Puts states of teams in the place of those before.
-- KEYS: 1 teams, 2 pass.  ARGV: 1 milliseconds to live, 2 token, then team and value of each.
-- Answers 1, or 0 when another pass has begun.
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
