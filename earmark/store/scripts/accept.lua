-- The broker has accepted these clips. ARGV: lease until, then path and revision of each.
for i = 2, #ARGV, 2 do
  local path, revision = ARGV[i], ARGV[i + 1]
  local old = redis.call('HGET', clips, path)
  local was = old and head(old)
  if was and was.revision == revision and (was.state == 'pending' or was.state == 'queued') then
    put(path, old, with_head(old, 'queued', was.presence))
    redis.call('ZADD', leases, ARGV[1], path)
  end
end
