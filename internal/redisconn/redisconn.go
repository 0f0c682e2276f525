// Package redisconn opens connections to Redis: one server, or a cluster. It
// owns what an URL may say and how long a question may take. It never decides
// what is asked or what losing the connection means, and it keeps no data.
package redisconn

import (
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// The client would write each failed connection to standard error, as plain
// text; whoever asks logs that Redis is away.
func init() { logging.Disable() }

// Open reads redis://, rediss:// and unix:// URLs; with ?addr=host:port, once or
// more, the URL is that of a cluster. Nothing is connected yet. timeout is what
// one question may take: a Redis that hangs is as good as one that is away.
// retries is how often a server is asked again, for connections of the pool that
// died in a restart; in a cluster two redirections are followed instead. The
// error is Invalid and does not show the URL, which may hold a password.
func Open(dsn string, timeout time.Duration, retries int) (redis.UniversalClient, error) {
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if u, err := url.Parse(dsn); err == nil && u.Query().Has("addr") {
		o, err := redis.ParseClusterURL(dsn)
		if err != nil {
			return nil, errURL()
		}
		o.MaxRedirects, o.ContextTimeoutEnabled, o.DisableIdentity = 2, true, true
		o.DialTimeout, o.DialerRetries, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, 1, timeout, timeout, timeout
		o.MaintNotificationsConfig = quiet
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(dsn)
	if err != nil {
		return nil, errURL()
	}
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = retries, time.Millisecond, 10*time.Millisecond
	if retries == 0 {
		o.MaxRetries = -1 // the client's word for none
	}
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.DialTimeout, o.DialerRetries, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, 1, timeout, timeout, timeout
	o.MaintNotificationsConfig = quiet
	return redis.NewClient(o), nil
}

func errURL() error {
	return fault.New(fault.Invalid, "the Redis URL must have the form redis://user:password@host:6379/0 (it is not shown: it may hold a password)")
}

// Check reports whether dsn can be used, without connecting: nil or Invalid.
func Check(dsn string) error {
	c, err := Open(dsn, time.Second, 0)
	if err != nil {
		return err
	}
	return c.Close()
}
