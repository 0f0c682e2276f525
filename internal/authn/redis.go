package authn

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/redisconn"
)

// Redis is where sessions, sign-ins under way and counts of failures live. All
// of it may be lost: people then sign in again, and nothing that was ended comes
// back. It is safe for concurrent use.
type Redis struct{ client redis.UniversalClient }

// redisTimeout is what one question may take; a Redis that hangs is as good as
// one that is away.
const redisTimeout = 500 * time.Millisecond

// OpenRedis is redisconn.Open: nothing is connected yet, and the error is Invalid.
func OpenRedis(dsn string) (*Redis, error) {
	client, err := redisconn.Open(dsn, redisTimeout, 1)
	if err != nil {
		return nil, err
	}
	return &Redis{client}, nil
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
