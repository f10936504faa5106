-- Where a team's stream ends and where it should, read in one step.
-- KEYS: 1 meta, 2 the sorted set of teams, 3 the team's stream.  ARGV: 1 member.
-- Answers {the replica's head, the member's score, id of the stream's last message}; '' for what is missing, and of a
-- stream without messages or of another kind of key the kind.
local last = redis.pcall('XREVRANGE', KEYS[3], '+', '-', 'COUNT', '1')
local kind = redis.call('TYPE', KEYS[3])['ok']
local top = ''
if kind ~= 'none' then top = not last['err'] and last[1] and last[1][1] or kind end
return {redis.call('HGET', KEYS[1], 'head') or '', redis.call('ZSCORE', KEYS[2], ARGV[1]) or '', top}
