-- Shared by all scripts. A record is `<state> <revision> <here|gone> <score>\n<json>`; the sets
-- of states and scores are indexes over those first lines, and `commit` alone changes them.
-- A script reads all its records with `load`, changes them with `put`, and writes them with
-- `commit`: few commands with many arguments cost a third of many commands with few. No path
-- comes twice in a call.
local clips, leases, strikes, labels = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local indexes = {
  pending = KEYS[5], queued = KEYS[6], labelled = KEYS[7], unsure = KEYS[8], failed = KEYS[9],
  right = KEYS[10], wrong = KEYS[11], unscored = KEYS[12],
}
local events, forgotten = KEYS[13], KEYS[14]

local MOST = 4000 -- arguments of one command; Lua's stack holds 8,000. Even, so pairs stay pairs.
local leaving, entering, written = {}, {}, {}
for name in pairs(indexes) do leaving[name], entering[name] = {}, {} end

-- State, revision, presence and score; nothing where there is no record.
local function head(record)
  if record then return string.match(record, '^(%S+) (%S+) (%S+) (%S+)\n') end
end

-- A command with as many arguments as there are; answers all that it answered, if it answers lists.
local function each(command, key, arguments)
  if #arguments == 0 then return {} end
  if #arguments <= MOST then return redis.call(command, key, unpack(arguments)) end
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

-- The records of clips, in their order; false where there is none.
local function load(paths)
  return each('HMGET', clips, paths)
end

local function move(path, from, to)
  if from == to then return end
  local left, entered = leaving[from], entering[to]
  if left then left[#left + 1] = path end
  if entered then entered[#entered + 1] = path end
end

-- Give a clip a record: its state and score move from what they were, nil if there was nothing.
local function put(path, record, was_state, was_score, state, score)
  move(path, was_state, state)
  move(path, was_score, score)
  local last = #written
  written[last + 1], written[last + 2] = path, record
end

local function commit()
  for name, key in pairs(indexes) do
    each('SREM', key, leaving[name])
    each('SADD', key, entering[name])
  end
  each('HSET', clips, written)
end

-- Give clips the same time in the sorted set of leases.
local function lease(paths, until_time)
  local arguments = {}
  for i = 1, #paths do arguments[2 * i - 1], arguments[2 * i] = until_time, paths[i] end
  each('ZADD', leases, arguments)
end

-- A claimed clip's mark: how often it was opened without an outcome, until when it is held, and
-- which message brought it.
local function strike(count, until_time, message)
  return count .. ' ' .. until_time .. ' ' .. message
end

local function strike_of(mark)
  local count, until_time, message = string.match(mark, '^(%S+) (%S+) (.*)$')
  return tonumber(count), tonumber(until_time), message
end
