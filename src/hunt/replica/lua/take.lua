-- Takes the right to build, unless somebody has it who will lose it by doing nothing: it is a text that expires soon; or has
-- built since the replica was looked at.
-- KEYS: 1 builder, 2 meta.
-- ARGV: 1 token, 2 milliseconds without progress after which others may take over, 3 the gen that is to be replaced; may
-- be left out.
-- Answers the token of whoever has it now, or has built since.
local holder = redis.pcall('GET', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if type(holder) == 'string' and left >= 0 and left <= tonumber(ARGV[2]) then return holder end
local gen = redis.pcall('HGET', KEYS[2], 'gen')
-- Only a gen that somebody here has written is a builder's token.
if ARGV[3] and type(gen) == 'string' and gen ~= ARGV[3] and string.match(gen, '^%w+$') then return gen end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
