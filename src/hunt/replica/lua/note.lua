-- Notes what was repaired, for people; the newest notes stay.
-- KEYS: 1 notes.  ARGV: 1 how many stay, then notes, the newest last.  Answers how many there are.
if type(redis.pcall('LLEN', KEYS[1])) == 'table' then redis.call('DEL', KEYS[1]) end
for i = 2, #ARGV do redis.call('LPUSH', KEYS[1], ARGV[i]) end
redis.call('LTRIM', KEYS[1], '0', string.format('%.0f', tonumber(ARGV[1]) - 1))
return redis.call('LLEN', KEYS[1])
