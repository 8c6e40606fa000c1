-- Shared by all scripts. A record is `<state> <revision> <here|gone> <score>\n<json>`; the sets
-- of states and scores are indexes over those first lines, and `put` alone changes them.
local clips, leases, strikes, labels = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local indexes = {
  pending = KEYS[5], queued = KEYS[6], labelled = KEYS[7], unsure = KEYS[8], failed = KEYS[9],
  right = KEYS[10], wrong = KEYS[11], unscored = KEYS[12],
}
local events, forgotten = KEYS[13], KEYS[14]

local function head(record)
  local state, revision, presence, score = string.match(record, '^(%S+) (%S+) (%S+) (%S+)\n')
  return {state = state, revision = revision, presence = presence, score = score}
end

local function move(path, from, to)
  if from == to then return end
  if indexes[from] then redis.call('SREM', indexes[from], path) end
  if indexes[to] then redis.call('SADD', indexes[to], path) end
end

local function put(path, old, record)
  local was, now = old and head(old) or {}, head(record)
  move(path, was.state, now.state)
  move(path, was.score, now.score)
  redis.call('HSET', clips, path, record)
end

local function drop(path, old)
  local was = head(old)
  move(path, was.state, nil)
  move(path, was.score, nil)
  redis.call('HDEL', clips, path)
end

local function with_head(record, state, presence)
  local was = head(record)
  local body = string.sub(record, string.find(record, '\n', 1, true), -1)
  return state .. ' ' .. was.revision .. ' ' .. presence .. ' ' .. was.score .. body
end
