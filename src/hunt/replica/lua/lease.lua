-- Takes or renews the lease on repairs. It is free where nothing is that will expire, or only later than anybody here
-- says, which is what a clock that was put back leaves too.
-- KEYS: 1 lease.  ARGV: 1 who asks, 2 milliseconds.  Answers 1 when it is theirs now.
local holder = redis.pcall('GET', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if type(holder) == 'string' and holder ~= ARGV[1] and left >= 0 and left <= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
