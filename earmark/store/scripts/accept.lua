-- The broker has accepted these clips. ARGV: lease until, then path and revision of each.
local paths = column(2, 2)
local records, accepted = load(paths), {}
for i = 1, #paths do
  local path, wanted, old = paths[i], ARGV[2 * i + 1], records[i]
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
