-- Nothing more is known of these clips, and their revisions are noted no more. ARGV: path and
-- revision of each. Answers how many had a record.
local dropped = 0
for i = 1, #ARGV, 2 do
  local path, revision = ARGV[i], ARGV[i + 1]
  redis.call('HSET', forgotten, path, revision)
  local old = redis.call('HGET', clips, path)
  if old then
    drop(path, old)
    dropped = dropped + 1
  end
  redis.call('ZREM', leases, path)
  redis.call('HDEL', strikes, path)
  redis.call('HDEL', labels, path)
end
return dropped
