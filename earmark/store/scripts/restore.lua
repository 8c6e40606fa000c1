-- Records of a backup, all of them done. ARGV: path and record of each. One is put back where the
-- store knows nothing of the path, or has the same revision and has not heard it yet.
-- Answers the paths that were put back.
local restored = {}
for i = 1, #ARGV, 2 do
  local path, record = ARGV[i], ARGV[i + 1]
  local old = redis.call('HGET', clips, path)
  local was = old and head(old)
  local open = was and (was.state == 'pending' or was.state == 'queued')
  if not was or (open and was.revision == head(record).revision) then
    put(path, old, record)
    redis.call('ZREM', leases, path)
    redis.call('HDEL', strikes, path)
    restored[#restored + 1] = path
  end
end
return restored
