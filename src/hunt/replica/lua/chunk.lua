-- Adds entries to a stream that is being built aside.
-- KEYS: 1 builder, 2 shadow stream.
-- ARGV: 1 token, 2 milliseconds without progress after which others may take over, 3 entries so far, then the bodies.
-- Answers 1, or 0 when the token is somebody else's by now.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local done = tonumber(ARGV[3])
if redis.call('XLEN', KEYS[2]) ~= done then return 0 end
for i = 4, #ARGV do
  redis.call('XADD', KEYS[2], '0-' .. string.format('%.0f', done + i - 3), 'entry', ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
