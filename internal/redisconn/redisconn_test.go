package redisconn_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/redisconn"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	m := miniredis.NewMiniRedis()
	require.NoError(t, m.Start())
	t.Cleanup(m.Close)
	for _, dsn := range []string{"redis://" + m.Addr(), "redis://" + m.Addr() + "/1", "redis://" + m.Addr() + "?addr=" + m.Addr()} {
		require.NoError(t, redisconn.Check(dsn), dsn)
		c, err := redisconn.Open(dsn, time.Second, 1)
		require.NoError(t, err, dsn)
		require.NoError(t, c.Ping(t.Context()).Err(), dsn)
		require.NoError(t, c.Close())
	}
	c, err := redisconn.Open("redis://"+m.Addr()+"?addr="+m.Addr(), time.Second, 1)
	require.NoError(t, err)
	require.IsType(t, &redis.ClusterClient{}, c)
	require.NoError(t, c.Close())
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"redis://localhost", "rediss://u:p@localhost:6380/2", "unix:///tmp/redis.sock", "redis://a:6379?addr=b:6379"} {
		require.NoError(t, redisconn.Check(url), url)
	}
}

func TestAnURLThatIsNoneIsNotShown(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"", "hunter2", "http://u:hunter2@host", "redis://u:hunter2@host:x", "redis://u:hunter2@host/x", "http://u:hunter2@host?addr=a:1"} {
		err := redisconn.Check(dsn)
		require.Equal(t, fault.Invalid, fault.KindOf(err), dsn)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
