-- Replace records that are still what the caller read. ARGV: for each: path, old record, new
-- record. A clip that becomes pending is due at once. Answers the paths that were replaced.
local paths = column(1, 3)
local records, swapped, due, done = load(paths), {}, {}, {}
for i = 1, #paths do
  local path, old, new = paths[i], ARGV[3 * i - 1], ARGV[3 * i]
  if records[i] == old then
    local was_state, _, _, was_score = head(old)
    local state, _, _, score = head(new)
    put(path, new, was_state, was_score, state, score)
    if state == 'pending' then
      due[#due + 1] = path
    elseif state ~= 'queued' then
      done[#done + 1] = path
    end
    swapped[#swapped + 1] = path
  end
end
commit()
lease(due, 0)
each('ZREM', leases, done)
each('HDEL', strikes, swapped)
return swapped
