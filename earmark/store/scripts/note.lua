-- A folder holds these clips. ARGV: lease until, then path and pending record of each.
-- Answers the paths whose revision was new, or that failed while the file was away.
local noted = {}
for i = 2, #ARGV, 2 do
  local path, record = ARGV[i], ARGV[i + 1]
  local old = redis.call('HGET', clips, path)
  local was = old and head(old)
  local back = was and was.presence == 'gone'
  if not was or was.revision ~= head(record).revision or (back and was.state == 'failed') then
    put(path, old, record)
    redis.call('HDEL', strikes, path)
    redis.call('ZADD', leases, ARGV[1], path)
    noted[#noted + 1] = path
  elseif back then
    put(path, old, with_head(old, was.state, 'here'))
  end
end
return noted
