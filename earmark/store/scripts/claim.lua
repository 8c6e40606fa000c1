-- A worker takes these clips in hand. ARGV: lease until, then path and revision of each.
-- Answers, for each: false if it is not to be done, its record if there is no more to say, else
-- {record, whether it was claimed before without an outcome, correction}.
local paths = column(2, 2)
load(paths)
local struck, corrections = each('HMGET', strikes, paths), each('HMGET', labels, paths)
local answer, claimed, fresh = {}, {}, {}
for i = 1, #paths do
  local path, wanted = paths[i], ARGV[2 * i + 1]
  local record = now[path]
  local state, revision
  if record then state, revision = head(record) end
  if revision == wanted and (state == 'pending' or state == 'queued') then
    claimed[#claimed + 1] = path
    if not struck[i] then
      fresh[#fresh + 1] = path
      fresh[#fresh + 1] = 1
    end
    local plain = not struck[i] and not corrections[i]
    answer[i] = plain and record or {record, struck[i] and 1 or 0, corrections[i] or ''}
  else
    answer[i] = false
  end
end
lease(claimed, ARGV[1])
each('HSET', strikes, fresh)
return answer
