package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// script decides about all four windows and takes from all of them or from
// none. The time is the server's, so that clocks of processes do not matter.
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
    used[w] = math.max(0, tonumber(h[j] or 0) - limit * passed / 60000000)
    if limit > 0 and cost > 0 and used[w] > dust and used[w] + cost > limit + dust then
      allowed = 0
    end
  end
end
if allowed == 1 then
  for i = 1, 2 do
    local ttl = 0
    for j = 1, 2 do
      local w = 2 * i - 2 + j
      local limit = tonumber(ARGV[w])
      if limit > 0 then
        used[w] = used[w] + tonumber(ARGV[w + 4])
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

// The client would write each failed connection to standard error, as plain
// text; Limiter logs that Redis is away, once.
func init() { logging.Disable() }

// shared holds the buckets of all processes.
type shared struct{ client redis.UniversalClient }

// openShared reads redis://, rediss:// and unix:// URLs; with ?addr=host:port,
// once or more, the URL is that of a cluster. Nothing is connected yet. The
// error is Invalid and does not show the URL, which may hold a password.
func openShared(dsn string) (*shared, error) {
	if u, err := url.Parse(dsn); err == nil && u.Query().Has("addr") {
		o, err := redis.ParseClusterURL(dsn)
		if err != nil {
			return nil, errURL()
		}
		o.MaxRedirects, o.ContextTimeoutEnabled, o.DisableIdentity = 2, true, true
		o.DialTimeout, o.DialerRetries, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, 1, timeout, timeout, timeout
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return &shared{redis.NewClusterClient(o)}, nil
	}
	o, err := redis.ParseURL(dsn)
	if err != nil {
		return nil, errURL()
	}
	o.MaxRetries, o.ContextTimeoutEnabled, o.DisableIdentity = -1, true, true
	o.DialTimeout, o.DialerRetries, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, 1, timeout, timeout, timeout
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &shared{redis.NewClient(o)}, nil
}

func errURL() error {
	return fault.New(fault.Invalid, "the Redis URL must have the form redis://user:password@host:6379/0 (it is not shown: it may hold a password)")
}

// CheckURL reports whether dsn can be used, without connecting: nil or Invalid.
func CheckURL(dsn string) error {
	s, err := openShared(dsn)
	if err != nil {
		return err
	}
	return s.client.Close()
}

// allow is one round trip; two when the server does not know the script yet.
// Its errors are those of Redis.
func (s *shared) allow(ctx context.Context, r Request, limits, costs four) (Decision, error) {
	// The request's own end must not look like a Redis that is away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	// One hash tag keeps a tenant's buckets on one node of a cluster.
	tag := "stoa:limit:{" + strconv.FormatInt(r.Tenant, 10) + "}"
	args := make([]any, 0, 2*len(windows))
	for _, v := range limits {
		args = append(args, v)
	}
	for _, v := range costs {
		args = append(args, v)
	}
	reply, err := script.Run(ctx, s.client, []string{tag + ":" + strconv.FormatInt(r.Key, 10), tag}, args...).Slice()
	if err != nil {
		return Decision{}, err
	}
	if len(reply) != 1+len(windows) {
		return Decision{}, errors.New("ratelimit: the script's answer is too short")
	}
	var used four
	for i := range used {
		text, _ := reply[i+1].(string)
		if used[i], err = strconv.ParseFloat(text, 64); err != nil {
			return Decision{}, fmt.Errorf("ratelimit: the script's answer: %w", err)
		}
	}
	return decide(limits, costs, used, reply[0] == int64(1)), nil
}

// probe does what a request does, to buckets of nobody: a server that answers
// but cannot write (a replica, a full memory) is not back.
func (s *shared) probe(ctx context.Context) error {
	_, err := s.allow(ctx, Request{}, four{1e9, 1e9, 1e9, 1e9}, four{1, 1, 1, 1})
	return err
}
