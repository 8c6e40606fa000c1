-- A worker takes these clips in hand. ARGV: lease until, then path and revision of each.
-- Answers, for each: false if it is not to be done, else {record, whether it was claimed before
-- without an outcome, correction}.
local answer = {}
for i = 2, #ARGV, 2 do
  local path, revision = ARGV[i], ARGV[i + 1]
  local record = redis.call('HGET', clips, path)
  local was = record and head(record)
  if was and was.revision == revision and (was.state == 'pending' or was.state == 'queued') then
    redis.call('ZADD', leases, ARGV[1], path)
    local suspect = redis.call('HSETNX', strikes, path, 1) == 0
    answer[#answer + 1] = {record, suspect and 1 or 0, redis.call('HGET', labels, path) or ''}
  else
    answer[#answer + 1] = false
  end
end
return answer
