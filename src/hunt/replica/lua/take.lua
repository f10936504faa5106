-- Takes the right to build, unless somebody has it who will lose it by doing nothing: it is a text that expires.
-- KEYS: 1 builder.  ARGV: 1 token, 2 milliseconds without progress after which others may take over.
-- Answers the token of whoever has it now.
local holder = redis.pcall('GET', KEYS[1])
if type(holder) == 'string' and redis.call('PTTL', KEYS[1]) >= 0 then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
