-- The broker has accepted these clips. ARGV: lease until, then path and revision of each.
load(column(2, 2))
local accepted = {}
for i = 2, #ARGV, 2 do
  local path, wanted = ARGV[i], ARGV[i + 1]
  local old = now[path]
  local state, revision, _, score = head(old)
  if revision == wanted and (state == 'pending' or state == 'queued') then
    if state == 'pending' then
      put(path, 'queued' .. string.sub(old, #state + 1), state, score, 'queued', score)
    end
    accepted[#accepted + 1] = path
  end
end
commit()
lease(accepted, ARGV[1])
