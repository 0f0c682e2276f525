package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// script decides about all four windows and takes from all of them or from
// none. What a process has taken already (credit.go) it takes in any case. The time is the server's, so that clocks of processes do not matter.
// A bucket is a hash: r and s are what was used of requests and statements, at
// is when, in µs. It lives until everything has drained.
//
//nolint:dupword // Lua ends blocks with end
var script = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local used, allowed, dust = {}, 1, 1e-5
for i = 1, 2 do
  local h = redis.call('HMGET', KEYS[i], 'r', 's', 'at')
  local passed = math.max(0, now - tonumber(h[3] or now))
  for j = 1, 2 do
    local w = 2 * i - 2 + j
    local limit, cost = tonumber(ARGV[w]), tonumber(ARGV[w + 4])
    used[w] = math.max(0, tonumber(h[j] or 0) - limit * passed / 60000000) + tonumber(ARGV[8 + j])
    if limit > 0 and cost > 0 and used[w] > dust and used[w] + cost > limit + dust then
      allowed = 0
    end
  end
end
if allowed == 1 or tonumber(ARGV[9]) > 0 or tonumber(ARGV[10]) > 0 then
  for i = 1, 2 do
    local ttl = 0
    for j = 1, 2 do
      local w = 2 * i - 2 + j
      local limit = tonumber(ARGV[w])
      if limit > 0 then
        used[w] = used[w] + allowed * tonumber(ARGV[w + 4])
        ttl = math.max(ttl, used[w] / limit)
      end
    end
    redis.call('HSET', KEYS[i], 'r', string.format('%.6f', used[2 * i - 1]), 's', string.format('%.6f', used[2 * i]),
      'at', string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[i], string.format('%.0f', math.ceil(ttl * 60000) + 1000))
  end
end
return {allowed, string.format('%.6f', used[1]), string.format('%.6f', used[2]),
  string.format('%.6f', used[3]), string.format('%.6f', used[4])}
`)

// timeout is what a request may lose to a Redis that does not answer. It
// happens to those that are under way at that moment; see breaker.
const timeout = 250 * time.Millisecond

// shared holds the buckets of all processes.
type shared struct{ client redis.UniversalClient }

// ask is one round trip; two when the server does not know the script yet. It
// returns what is used after it. Its errors are those of Redis.
func (s *shared) ask(ctx context.Context, of keyID, limits, costs four, debt two) (used four, allowed bool, err error) {
	// The request's own end must not look like a Redis that is away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	// One hash tag keeps a tenant's buckets on one node of a cluster.
	tag := "stoa:limit:{" + strconv.FormatInt(of.tenant, 10) + "}"
	args := make([]any, 0, 2*len(windows)+len(debt))
	for _, v := range limits {
		args = append(args, v)
	}
	for _, v := range costs {
		args = append(args, v)
	}
	for _, v := range debt {
		args = append(args, v)
	}
	reply, err := script.Run(ctx, s.client, []string{tag + ":" + strconv.FormatInt(of.key, 10), tag}, args...).Slice()
	if err != nil {
		return used, false, err
	}
	if len(reply) != 1+len(windows) {
		return used, false, errors.New("ratelimit: the script's answer is too short")
	}
	for i := range used {
		text, _ := reply[i+1].(string)
		if used[i], err = strconv.ParseFloat(text, 64); err != nil {
			return used, false, fmt.Errorf("ratelimit: the script's answer: %w", err)
		}
	}
	return used, reply[0] == int64(1), nil
}

// probe does what a request does, to buckets of nobody: a server that answers
// but cannot write (a replica, a full memory) is not back.
func (s *shared) probe(ctx context.Context) error {
	_, _, err := s.ask(ctx, keyID{}, four{1e9, 1e9, 1e9, 1e9}, four{1, 1, 1, 1}, two{})
	return err
}
