-- A worker takes these clips in hand. ARGV: lease until, now, which message brought them, then path
-- and revision of each. The same message may take them again, for it comes again when its worker
-- died; another message may not as long as the worker's lease lasts.
-- Answers, for each: false if it is not to be done, its record if there is no more to say, else
-- {record, whether it was claimed before without an outcome, correction}.
local until_time, at, message = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local paths = column(4, 2)
local records = load(paths)
local struck, corrections = each('HMGET', strikes, paths), each('HMGET', labels, paths)
local answer, claimed, marks = {}, {}, {}
for i = 1, #paths do
  local path, wanted = paths[i], ARGV[2 * i + 3]
  local record = records[i]
  local state, revision = head(record)
  answer[i] = false
  if revision == wanted and (state == 'pending' or state == 'queued') then
    local count, held_until, holder = 0, 0, message
    if struck[i] then count, held_until, holder = strike_of(struck[i]) end
    if holder == message or held_until <= at then
      claimed[#claimed + 1] = path
      marks[#marks + 1] = path
      marks[#marks + 1] = strike(math.max(count, 1), until_time, message)
      local plain = not struck[i] and not corrections[i]
      answer[i] = plain and record or {record, struck[i] and 1 or 0, corrections[i] or ''}
    end
  end
end
lease(claimed, until_time)
each('HSET', strikes, marks)
return answer
