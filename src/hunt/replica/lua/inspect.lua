-- What the replica says of itself, and entries, read in one step.
-- KEYS: 1 meta, 2 stream, 3 the sorted set of teams.
-- ARGV: 1 where entries are wanted from, 2 how many; none where none are wanted.
-- Answers {rules, head, digest, gen, bad, seal, length, id of the last message, messages}; '' for what is missing, length
-- -1 for no stream.
local function text(value)
  if value then return value end
  return ''
end
local meta = redis.pcall('HMGET', KEYS[1], 'rules', 'head', 'digest', 'gen', 'bad', 'seal')
if meta['err'] then meta = {} end
local teams = redis.pcall('ZCARD', KEYS[3])
if type(teams) == 'table' then meta[5] = 'the index of teams is no sorted set' end
local length, top, messages = -1, '', {}
local last = redis.pcall('XREVRANGE', KEYS[2], '+', '-', 'COUNT', '1')
if not last['err'] and redis.call('EXISTS', KEYS[2]) == 1 then
  length = redis.call('XLEN', KEYS[2])
  if last[1] then top = last[1][1] end
  if ARGV[1] then messages = redis.call('XRANGE', KEYS[2], ARGV[1], '+', 'COUNT', ARGV[2]) end
end
return {text(meta[1]), text(meta[2]), text(meta[3]), text(meta[4]), text(meta[5]), text(meta[6]), length, top, messages}
