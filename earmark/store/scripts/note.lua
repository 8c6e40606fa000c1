-- A folder holds these clips. ARGV: lease until, then path and pending record of each.
-- Answers the paths whose revision was new, or that failed while the file was away. A revision
-- that was forgotten stays so.
local noted = {}
for i = 2, #ARGV, 2 do
  local path, record = ARGV[i], ARGV[i + 1]
  local old = redis.call('HGET', clips, path)
  local was = old and head(old)
  local back = was and was.presence == 'gone'
  local revision = head(record).revision
  local new = not was or was.revision ~= revision or (back and was.state == 'failed')
  if new and redis.call('HGET', forgotten, path) ~= revision then
    put(path, old, record)
    redis.call('HDEL', strikes, path)
    redis.call('ZADD', leases, ARGV[1], path)
    noted[#noted + 1] = path
  elseif back and not new then
    put(path, old, with_head(old, was.state, 'here'))
  end
end
return noted
