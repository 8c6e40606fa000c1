-- Records of a backup, all of them done. ARGV: path and record of each. One is put back where the
-- store knows nothing of the path, or has the same revision and has not heard it yet.
-- Answers the paths that were put back.
load(column(1, 2))
local restored = {}
for i = 1, #ARGV, 2 do
  local path, record = ARGV[i], ARGV[i + 1]
  local old = now[path]
  local state, revision
  if old then state, revision = head(old) end
  local _, wanted = head(record)
  local open = state == 'pending' or state == 'queued'
  if not old or (open and revision == wanted) then
    put(path, record)
    restored[#restored + 1] = path
  end
end
commit()
each('ZREM', leases, restored)
each('HDEL', strikes, restored)
return restored
