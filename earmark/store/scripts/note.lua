-- A folder holds these clips. ARGV: lease until, then path and pending record of each.
-- Answers the paths whose revision was new, or that failed while the file was away. A revision
-- that a person had forgotten is not noted.
local paths = column(2, 2)
local records = load(paths)
local kept_out = each('HMGET', forgotten, paths)
local noted = {}
for i = 1, #paths do
  local path, record, old = paths[i], ARGV[2 * i + 1], records[i]
  local state, revision, presence, score = head(old)
  local new_state, wanted, _, new_score = head(record)
  local back = presence == 'gone'
  if not old or revision ~= wanted or (back and state == 'failed') then
    if kept_out[i] ~= wanted then
      put(path, record, state, score, new_state, new_score)
      noted[#noted + 1] = path
    end
  elseif back then
    local here = string.gsub(old, ' gone ', ' here ', 1)
    put(path, here, state, score, state, score)
  end
end
commit()
each('HDEL', strikes, noted)
lease(noted, ARGV[1])
return noted
