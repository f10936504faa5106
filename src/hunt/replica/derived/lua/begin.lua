-- Begins a pass, which ends the one of anybody else. What is kept lives on for that.
-- KEYS: 1 teams, 2 meta, 3 pass.  ARGV: 1 milliseconds to live, 2 token of the pass.
-- Answers {number of states (-1: not to be used), meta ('' for none)}.
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
local count, meta = redis.pcall('HLEN', KEYS[1]), redis.pcall('GET', KEYS[2])
if type(count) == 'table' or type(meta) == 'table' then return {-1, ''} end
return {count, meta or ''}
