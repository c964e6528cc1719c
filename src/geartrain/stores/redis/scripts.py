"""What Redis runs as one: each script is a transaction, in memory and in its log.

``commit`` is the fence and the chain of all writes. It changes something only while
``meta`` names this store as the owner, and only after the batch that this store takes
for the last one. So a job server that another one has replaced cannot write; a batch
that was sent again after its answer was lost is applied once; and one that lay in a
socket for long comes too late for good.

Redis refuses the first command of a script that takes memory when it has none left, but
none after one that has written. That is how what is new is refused as a whole, and what
became of older jobs is written all the same.
"""

from __future__ import annotations

from typing import Final

__all__ = ["COMMIT", "RELEASE", "RENEW", "TAKE"]

COMMIT: Final = b"""
-- KEYS: lock, meta, queues. ARGV: owner, milliseconds, last batch, this batch, whether
-- it has something new, prefix; then commands, each behind the number of its words.
local owner = redis.call('HGET', KEYS[2], 'owner') or ''
if owner ~= ARGV[1] then return {'lost', owner} end
local last = redis.call('HGET', KEYS[2], 'batch') or ''
if last == ARGV[4] then return {'done', last} end
if last ~= ARGV[3] then return {'other', last} end
if ARGV[5] == '0' then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[2], 'batch', ARGV[4])
redis.call('SET', KEYS[1], owner, 'PX', ARGV[2])
local at = 7
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  if ARGV[at + 1] == 'PRUNE' then
    for place = at + 2, at + words do
      local name = ARGV[place]
      local prefix = ARGV[6]
      if redis.call('EXISTS', prefix .. 'r:' .. name, prefix .. 'c:' .. name,
                    prefix .. 's:' .. name, prefix .. 'x:' .. name) == 0 then
        redis.call('ZREM', KEYS[3], name)
      end
    end
  else
    redis.call(unpack(ARGV, at + 1, at + words))
  end
  at = at + words + 1
end
return {'done', last}
"""

TAKE: Final = b"""
-- KEYS: lock, meta. ARGV: owner, milliseconds, the holder that may be replaced.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[3] and holder ~= ARGV[1] then
  return {holder, redis.call('PTTL', KEYS[1])}
end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('HSET', KEYS[2], 'owner', ARGV[1])
return {'', 0}
"""

RENEW: Final = b"""
-- KEYS: lock, meta. ARGV: owner, milliseconds.
if redis.call('HGET', KEYS[2], 'owner') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

RELEASE: Final = b"""
-- KEYS: lock. ARGV: owner.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
