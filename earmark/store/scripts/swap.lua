-- Replace records that are still what the caller read. ARGV: for each: path, old record, new
-- record. A clip that becomes pending is due at once. Answers the paths that were replaced.
local swapped = {}
for i = 1, #ARGV, 3 do
  local path, old, new = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('HGET', clips, path) == old then
    put(path, old, new)
    local state = head(new).state
    if state == 'pending' then
      redis.call('ZADD', leases, 0, path)
    elseif state ~= 'queued' then
      redis.call('ZREM', leases, path)
    end
    redis.call('HDEL', strikes, path)
    swapped[#swapped + 1] = path
  end
end
return swapped
