-- Records of a backup, all of them done. ARGV: path and record of each. One is put back where the
-- store knows nothing of the path, or has the same revision and has not heard it yet.
-- Answers the paths that were put back.
local paths = column(1, 2)
local records, restored = load(paths), {}
for i = 1, #paths do
  local path, record, old = paths[i], ARGV[2 * i], records[i]
  local state, revision, _, score = head(old)
  local new_state, wanted, _, new_score = head(record)
  local open = state == 'pending' or state == 'queued'
  if not old or (open and revision == wanted) then
    put(path, record, state, score, new_state, new_score)
    restored[#restored + 1] = path
  end
end
commit()
each('ZREM', leases, restored)
each('HDEL', strikes, restored)
return restored
