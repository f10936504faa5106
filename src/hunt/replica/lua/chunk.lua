-- Adds entries to a stream that is being built aside.
-- KEYS: 1 builder, 2 shadow stream.
-- ARGV: 1 token, 2 milliseconds without progress after which others may take over, 3 entries so far, 4 the bodies, each
-- with a line end after it, for one argument is sent and read much sooner than hundreds.
-- Answers 1, or 0 when the token is somebody else's by now.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local done, bodies, start = tonumber(ARGV[3]), ARGV[4], 1
if redis.call('XLEN', KEYS[2]) ~= done then return 0 end
while start <= #bodies do
  local stop = string.find(bodies, '\n', start, true)
  done = done + 1
  redis.call('XADD', KEYS[2], '0-' .. string.format('%.0f', done), 'entry', string.sub(bodies, start, stop - 1))
  start = stop + 1
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
