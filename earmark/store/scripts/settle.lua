-- Outcomes of claimed clips. KEYS[15]: the table of vectors.
-- ARGV: number of events kept, worker, then for each clip: path, record, digest, vector, the
-- correction that it was scored with ('' if none), and what listeners are told.
-- A clip that was done or rewritten meanwhile is left alone. Answers path and
-- correction of each that was corrected since its claim: it is to be scored and settled again.
local changed, told = {}, {}
for i = 3, #ARGV, 6 do
  local path, record, correction = ARGV[i], ARGV[i + 1], ARGV[i + 4]
  local old = redis.call('HGET', clips, path)
  local was = old and head(old)
  local open = was and (was.state == 'pending' or was.state == 'queued')
  if open and was.revision == head(record).revision then
    local newest = redis.call('HGET', labels, path) or ''
    if newest ~= correction then
      changed[#changed + 1] = path
      changed[#changed + 1] = newest
    else
      put(path, old, record)
      redis.call('ZREM', leases, path)
      redis.call('HDEL', strikes, path)
      if ARGV[i + 3] ~= '' then redis.call('HSET', KEYS[15], ARGV[i + 2], ARGV[i + 3]) end
      told[#told + 1] = ARGV[i + 5]
    end
  end
end
if #told > 0 then
  redis.call('XADD', events, 'MAXLEN', '~', ARGV[1], '*', 'kind', 'clips', 'by', ARGV[2],
    'count', #told, 'clips', '[' .. table.concat(told, ',') .. ']')
end
return changed
