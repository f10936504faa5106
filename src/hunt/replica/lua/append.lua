-- Appends entries of the log to the global stream, or says why not; never creates the stream.
-- KEYS: 1 meta, 2 stream.
-- ARGV: 1 rules, 2 id that the entries follow, 3 the log's digest there, then body and digest of each entry, then the seal
-- of the last of them.
-- Answers {verdict, the replica's head}.
local meta = redis.call('HMGET', KEYS[1], 'rules', 'head', 'digest', 'bad')
if meta[1] ~= ARGV[1] then return {'RESET', '0'} end
-- A head of more digits than Lua's numbers hold is nobody's, like one that is no number.
local digits = string.match(meta[2] or '', '^%d+$')
if not digits or #digits > 15 then
  redis.call('HSET', KEYS[1], 'bad', 'its head is no number of entries')
  return {'CORRUPT', '0'}
end
local head, previous, count = tonumber(digits), tonumber(ARGV[2]), (#ARGV - 4) / 2
if meta[4] then return {'CORRUPT', meta[2]} end
if head < previous then return {'GAP', meta[2]} end
if head <= previous + count and ARGV[3 + 2 * (head - previous)] ~= meta[3] then return {'FORK', meta[2]} end
if head >= previous + count then return {'DUP', meta[2]} end

-- As many messages as the head says, and an id above the head still accepted: so they are 1 to head without a hole.
local whole = redis.pcall('XLEN', KEYS[2]) == head
if whole then
  for i = head - previous + 1, count do
    local id = '0-' .. string.format('%.0f', previous + i)
    local added = redis.pcall('XADD', KEYS[2], 'NOMKSTREAM', id, 'entry', ARGV[2 + 2 * i])
    if not added or type(added) == 'table' then
      whole = false
      break
    end
  end
end
if not whole then
  redis.call('HSET', KEYS[1], 'bad', 'the stream does not hold as many entries as its head says')
  return {'CORRUPT', meta[2]}
end
local last = string.format('%.0f', previous + count)
redis.call('HSET', KEYS[1], 'head', last, 'digest', ARGV[#ARGV - 1], 'seal', ARGV[#ARGV])
return {'OK', last}
