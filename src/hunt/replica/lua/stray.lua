-- Drops those of some streams that have no score.
-- KEYS: 1 the sorted set of teams, then the streams.  ARGV: the member of each.
-- Answers the members whose streams were dropped.
local dropped = {}
for i = 1, #ARGV do
  if not redis.call('ZSCORE', KEYS[1], ARGV[i]) and redis.call('UNLINK', KEYS[1 + i]) == 1 then
    dropped[#dropped + 1] = ARGV[i]
  end
end
return dropped
