-- Extends a team's stream and moves its score, both or neither.
-- KEYS: 1 meta, 2 the sorted set of teams, 3 the team's stream.
-- ARGV: 1 gen, 2 team, 3 score that is expected (-1: none), 4 length that is expected, 5 new score, then id and body of each entry.
-- Answers {verdict, the team's score (-1: none)}. What Redis refuses for a reason of its own, as when it is full, it answers.
local meta = redis.call('HMGET', KEYS[1], 'gen', 'head', 'bad')
if meta[1] ~= ARGV[1] or meta[3] or (tonumber(meta[2]) or 0) < tonumber(ARGV[5]) then return {'GONE', '-1'} end
local score = redis.call('ZSCORE', KEYS[2], ARGV[2]) or '-1'
if tonumber(score) ~= tonumber(ARGV[3]) then return {'MOVED', score} end
local whole = redis.pcall('XLEN', KEYS[3]) == tonumber(ARGV[4])
if whole then
  for i = 6, #ARGV, 2 do
    local added = redis.pcall('XADD', KEYS[3], '0-' .. ARGV[i], 'entry', ARGV[i + 1])
    if type(added) == 'table' and added['err'] then
      -- Only an id above the one to be added says something of the stream. A refused first write leaves all as it was.
      local above = string.find(added['err'], 'equal or smaller') or string.find(added['err'], 'exhausted')
      if not above then return added end
      whole = false
      break
    end
  end
end
if not whole then
  redis.call('DEL', KEYS[3])
  redis.call('ZREM', KEYS[2], ARGV[2])
  return {'CORRUPT', '-1'}
end
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[2])
return {'OK', ARGV[5]}
