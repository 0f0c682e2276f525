package authn

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Redis is where sessions, sign-ins under way and counts of failures live. All
// of it may be lost: people then sign in again, and nothing that was ended comes
// back. It is safe for concurrent use.
type Redis struct{ client redis.UniversalClient }

// redisTimeout is what one question may take; a Redis that hangs is as good as
// one that is away.
const redisTimeout = 500 * time.Millisecond

// The client would write each failed connection to standard error, as plain text.
func init() { logging.Disable() }

// OpenRedis reads redis://, rediss:// and unix:// URLs; with ?addr=host:port,
// once or more, the URL is that of a cluster. Nothing is connected yet. The
// error is Invalid and does not show the URL, which may hold a password.
func OpenRedis(dsn string) (*Redis, error) {
	if u, err := url.Parse(dsn); err == nil && u.Query().Has("addr") {
		o, err := redis.ParseClusterURL(dsn)
		if err != nil {
			return nil, errRedisURL()
		}
		o.MaxRedirects, o.ContextTimeoutEnabled, o.DisableIdentity = 2, true, true
		o.DialTimeout, o.DialerRetries, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisTimeout, 1, redisTimeout, redisTimeout, redisTimeout
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return &Redis{redis.NewClusterClient(o)}, nil
	}
	o, err := redis.ParseURL(dsn)
	if err != nil {
		return nil, errRedisURL()
	}
	// One more try, for connections of the pool that died in a restart.
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 1, time.Millisecond, 10*time.Millisecond
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.DialTimeout, o.DialerRetries, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisTimeout, 1, redisTimeout, redisTimeout, redisTimeout
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Redis{redis.NewClient(o)}, nil
}

func errRedisURL() error {
	return fault.New(fault.Invalid, "the Redis URL must have the form redis://user:password@host:6379/0 (it is not shown: it may hold a password)")
}

// Close ends the connections.
func (r *Redis) Close() { _ = r.client.Close() }

// Ping reports whether Redis answers: nil or Unavailable.
func (r *Redis) Ping(ctx context.Context) error { return awayUnless(r.client.Ping(ctx).Err()) }

// awayUnless makes an error of Redis a fault, unless it is "there is none".
func awayUnless(err error) error {
	if err == nil || errors.Is(err, redis.Nil) {
		return nil
	}
	f := fault.Wrap(fault.Unavailable, err, "sign-ins cannot be checked at the moment; send the same request again")
	f.RetryAfter = time.Second
	return f
}

// get returns the value of key; nil when there is none.
func (r *Redis) get(ctx context.Context, key string) ([]byte, error) {
	value, err := r.client.Get(ctx, key).Bytes()
	if err != nil {
		return nil, awayUnless(err)
	}
	return value, nil
}

// take returns the value of key and deletes it: of several takers one gets it.
func (r *Redis) take(ctx context.Context, key string) ([]byte, error) {
	value, err := r.client.GetDel(ctx, key).Bytes()
	if err != nil {
		return nil, awayUnless(err)
	}
	return value, nil
}

func (r *Redis) put(ctx context.Context, key string, value []byte, life time.Duration) error {
	return awayUnless(r.client.Set(ctx, key, value, life).Err())
}

// Client is the connection, for others to whom losing it is no loss.
func (r *Redis) Client() redis.UniversalClient { return r.client }
