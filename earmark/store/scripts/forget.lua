-- Nothing more is known of these clips, and their revisions are noted no more. ARGV: path and
-- revision of each. Answers how many had a record.
local paths = column(1, 2)
each('HSET', forgotten, ARGV)
for _, key in pairs(indexes) do each('SREM', key, paths) end
each('ZREM', leases, paths)
each('HDEL', strikes, paths)
each('HDEL', labels, paths)
local records = load(paths)
local dropped = 0
for i = 1, #paths do
  if records[i] then dropped = dropped + 1 end
end
each('HDEL', clips, paths)
return dropped
