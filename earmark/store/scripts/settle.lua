-- Outcomes of claimed clips. KEYS[15]: the table of vectors.
-- ARGV: number of events kept, worker, then for each clip: path, record, digest, vector, the
-- correction that it was scored with ('' if none), and what listeners are told.
-- A clip that was done or rewritten meanwhile is left alone. Answers path and
-- correction of each that was corrected since its claim: it is to be scored and settled again.
local paths = column(3, 6)
local records = load(paths)
local corrections = each('HMGET', labels, paths)
local changed_since, settled, vectors, told = {}, {}, {}, {}
for i = 1, #paths do
  local at = 6 * i - 3
  local path, record, correction = paths[i], ARGV[at + 1], ARGV[at + 4]
  local state, revision, _, score = head(records[i])
  local new_state, wanted, _, new_score = head(record)
  if revision == wanted and (state == 'pending' or state == 'queued') then
    local newest = corrections[i] or ''
    if newest ~= correction then
      changed_since[#changed_since + 1] = path
      changed_since[#changed_since + 1] = newest
    else
      put(path, record, state, score, new_state, new_score)
      settled[#settled + 1] = path
      if ARGV[at + 3] ~= '' then
        vectors[#vectors + 1] = ARGV[at + 2]
        vectors[#vectors + 1] = ARGV[at + 3]
      end
      told[#told + 1] = ARGV[at + 5]
    end
  end
end
commit()
each('ZREM', leases, settled)
each('HDEL', strikes, settled)
each('HSET', KEYS[15], vectors)
if #told > 0 then
  redis.call('XADD', events, 'MAXLEN', '~', ARGV[1], '*', 'kind', 'clips', 'by', ARGV[2],
    'count', #told, 'clips', '[' .. table.concat(told, ',') .. ']')
end
return changed_since
