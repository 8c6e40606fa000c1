-- Shared by all scripts. A record is `<state> <revision> <here|gone> <score>\n<json>`; the sets
-- of states and scores are indexes over those first lines, and `commit` alone changes them.
-- A script reads all its records with `load`, changes them with `put`, and writes them with
-- `commit`: few commands with many arguments cost a third of many commands with few.
local clips, leases, strikes, labels = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local indexes = {
  pending = KEYS[5], queued = KEYS[6], labelled = KEYS[7], unsure = KEYS[8], failed = KEYS[9],
  right = KEYS[10], wrong = KEYS[11], unscored = KEYS[12],
}
local events, forgotten = KEYS[13], KEYS[14]

local MOST = 4000 -- arguments of one command; Lua's stack holds 8,000. Even, so pairs stay pairs.
local before, now, changed = {}, {}, {}

local function head(record)
  return string.match(record, '^(%S+) (%S+) (%S+) (%S+)\n') -- state, revision, presence, score
end

-- A command with as many arguments as there are; answers all that it answered, if that is a list.
local function each(command, key, arguments)
  local answers = {}
  for first = 1, #arguments, MOST do
    local last = math.min(first + MOST - 1, #arguments)
    local answer = redis.call(command, key, unpack(arguments, first, last))
    if type(answer) == 'table' then
      for i = 1, #answer do answers[#answers + 1] = answer[i] end
    end
  end
  return answers
end

-- Every `step`th argument from `first` on: the paths of a script's clips.
local function column(first, step)
  local found = {}
  for i = first, #ARGV, step do found[#found + 1] = ARGV[i] end
  return found
end

local function load(paths)
  local records = each('HMGET', clips, paths)
  for i = 1, #paths do
    before[paths[i]] = records[i]
    now[paths[i]] = records[i]
  end
end

-- The record is false where there is none.
local function put(path, record)
  if before[path] == now[path] then changed[#changed + 1] = path end
  now[path] = record
end

local function with_head(record, state, presence)
  local _, revision, _, score = head(record)
  local body = string.sub(record, string.find(record, '\n', 1, true), -1)
  return state .. ' ' .. revision .. ' ' .. presence .. ' ' .. score .. body
end

local function move(path, from, to, removed, added)
  if from == to then return end
  if indexes[from] then table.insert(removed[from], path) end
  if indexes[to] then table.insert(added[to], path) end
end

local function commit()
  local removed, added, records = {}, {}, {}
  for name in pairs(indexes) do removed[name], added[name] = {}, {} end
  for i = 1, #changed do
    local path = changed[i]
    local was_state, was_score, _
    if before[path] then was_state, _, _, was_score = head(before[path]) end
    local state, _, _, score = head(now[path])
    move(path, was_state, state, removed, added)
    move(path, was_score, score, removed, added)
    records[2 * i - 1], records[2 * i] = path, now[path]
  end
  for name, key in pairs(indexes) do
    each('SREM', key, removed[name])
    each('SADD', key, added[name])
  end
  each('HSET', clips, records)
end

-- Give clips, as path after path, the same time in the sorted set of leases.
local function lease(paths, until_time)
  local arguments = {}
  for i = 1, #paths do arguments[2 * i - 1], arguments[2 * i] = until_time, paths[i] end
  each('ZADD', leases, arguments)
end
