/**
 * The rings of ring.ts as hashes: `n` newest slot, `t` total, and the slots by number. Time is the server's, so that
 * replicas whose clocks differ count alike.
 */
const RING = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(number) return string.format('%.0f', number) end
local function width(window, slots) if slots == 1 then return window end return window / (slots - 1) end
local function advance(key, window, slots)
  local head = redis.call('HMGET', key, 'n', 't')
  local newest, total = tonumber(head[1] or '0'), tonumber(head[2] or '0')
  local slot = math.floor(now / width(window, slots))
  if slot <= newest then return total, newest end
  if slot - newest >= slots then
    redis.call('DEL', key)
    total = 0
  else
    for index = newest + 1, slot do
      local field = whole(index % slots)
      local left = redis.call('HGET', key, field)
      if left then
        total = total - tonumber(left)
        redis.call('HDEL', key, field)
      end
    end
  end
  redis.call('HSET', key, 'n', whole(slot), 't', whole(total))
  redis.call('PEXPIRE', key, whole(math.min(window * 2, 5356800000)))
  return total, slot
end
local function add(key, window, slots, amount, at)
  local _, newest = advance(key, window, slots)
  local slot = math.min(newest, math.floor(at / width(window, slots)))
  if newest - slot >= slots then return end
  local field = whole(slot % slots)
  local held = tonumber(redis.call('HGET', key, field) or '0')
  local change = math.max(amount, -held)
  redis.call('HSET', key, field, whole(held + change))
  redis.call('HINCRBY', key, 't', whole(change))
end
`;

/** Arguments: of each claim window, slots, amount, limit, `atLeast`, and window and slots of its base (0 for none). */
export const TAKE = `${RING}
local claims = #ARGV / 7
local function held(claim)
  local a = (claim - 1) * 7
  local total = advance(KEYS[claim * 2 - 1], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]))
  local window = tonumber(ARGV[a + 6])
  if window == 0 then return total end
  return total + math.max(advance(KEYS[claim * 2], window, tonumber(ARGV[a + 7])), tonumber(ARGV[a + 5]))
end
local function wait(claim, needed)
  local a = (claim - 1) * 7
  local key, window, slots = KEYS[claim * 2 - 1], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local newest = tonumber(redis.call('HGET', key, 'n') or '0')
  local freed = 0
  for slot = math.max(0, newest - slots + 1), newest do
    freed = freed + tonumber(redis.call('HGET', key, whole(slot % slots)) or '0')
    if freed >= needed then return math.max(1, math.ceil((slot + slots) * width(window, slots) - now)) end
  end
  return window
end
for claim = 1, claims do
  local a = (claim - 1) * 7
  local used, amount, limit = held(claim), tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4])
  if used + amount > limit then
    return { '0', whole(claim - 1), whole(used), whole(wait(claim, used + amount - limit)) }
  end
end
for claim = 1, claims do
  local a = (claim - 1) * 7
  add(KEYS[claim * 2 - 1], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), now)
end
local answer = { '1', whole(now) }
for claim = 1, claims do answer[claim + 2] = whole(held(claim)) end
return answer
`;

/** Arguments: of each change window, slots, amount and time. */
export const ADJUST = `${RING}
for change = 1, #KEYS do
  local a = (change - 1) * 4
  add(KEYS[change], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4]))
end
return 'OK'
`;
