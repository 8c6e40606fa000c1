-- A folder holds these clips. ARGV: lease until, then path and pending record of each.
-- Answers the paths whose revision was new, or that failed while the file was away. A revision
-- that a person had forgotten is not noted.
local paths = column(2, 2)
load(paths)
local kept_out = each('HMGET', forgotten, paths)
local noted = {}
for i = 2, #ARGV, 2 do
  local path, record = ARGV[i], ARGV[i + 1]
  local old = now[path]
  local state, revision, presence
  if old then state, revision, presence = head(old) end
  local _, wanted = head(record)
  local back = presence == 'gone'
  if not old or revision ~= wanted or (back and state == 'failed') then
    if kept_out[i / 2] ~= wanted then
      put(path, record)
      noted[#noted + 1] = path
    end
  elseif back then
    put(path, with_head(old, state, 'here'))
  end
end
commit()
each('HDEL', strikes, noted)
lease(noted, ARGV[1])
return noted
