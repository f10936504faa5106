-- Puts a stream that was built aside in the place of the global stream, and drops all team streams.
-- KEYS: 1 builder, 2 shadow stream, 3 stream, 4 meta, 5 the sorted set of teams (the streams are its name, a slash, the member).
-- ARGV: 1 token, 2 rules, 3 head, 4 digest, 5 the seal of both, 6 a digest that the log denies: a replica that stands there may be dropped.
-- Answers OK, LOST when the token is somebody else's, BEHIND when the replica has more of the log than was built.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'LOST' end
local head = tonumber(ARGV[3])
if redis.call('XLEN', KEYS[2]) ~= head then return 'LOST' end
local meta = redis.pcall('HMGET', KEYS[4], 'rules', 'head', 'digest', 'bad', 'gen')
-- Only a head and a gen that somebody here has written protect what is there.
local sound = string.match(meta[2] or '', '^%d+$') and #meta[2] <= 15 and string.match(meta[5] or '', '^%w+$')
local ahead = sound and tonumber(meta[2]) > head
if meta[1] == ARGV[2] and not meta[4] and ahead and meta[3] ~= ARGV[6] then return 'BEHIND' end

if head == 0 then
  -- A stream without entries exists only as what a consumer group leaves behind.
  redis.call('XGROUP', 'CREATE', KEYS[2], 'empty', '0', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', KEYS[2], 'empty')
end
-- What is long is freed aside; a stream that RENAME drops would be freed while everybody waits.
redis.call('UNLINK', KEYS[3])
redis.call('RENAME', KEYS[2], KEYS[3])
redis.call('PERSIST', KEYS[3])
local teams = redis.pcall('ZRANGE', KEYS[5], '0', '-1')
if not teams['err'] then
  for i = 1, #teams do redis.call('UNLINK', KEYS[5] .. '/' .. teams[i]) end
end
redis.call('DEL', KEYS[1], KEYS[4], KEYS[5])
redis.call('HSET', KEYS[4], 'rules', ARGV[2], 'head', ARGV[3], 'digest', ARGV[4], 'seal', ARGV[5], 'gen', ARGV[1])
return 'OK'
