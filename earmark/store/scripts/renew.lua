-- A worker still has these clips in hand, except for those that are done. ARGV: lease until, how
-- many strikes are added to each, then the paths. Answers the strikes of each, 0 where it is done.
local paths = column(3, 1)
local struck = each('HMGET', strikes, paths)
local kept, marks, answer = {}, {}, {}
for i = 1, #paths do
  answer[i] = 0
  if struck[i] then
    local count, _, message = strike_of(struck[i])
    answer[i] = count + ARGV[2]
    kept[#kept + 1] = paths[i]
    marks[#marks + 1] = paths[i]
    marks[#marks + 1] = strike(answer[i], ARGV[1], message)
  end
end
lease(kept, ARGV[1])
each('HSET', strikes, marks)
return answer
