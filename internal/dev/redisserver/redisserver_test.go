package redisserver_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/dev/redisserver"
)

func open(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}

func TestKeysExpire(t *testing.T) {
	t.Parallel()
	url, stop, err := redisserver.Start()
	require.NoError(t, err)
	t.Cleanup(stop)
	client := open(t, url)
	require.NoError(t, client.Set(t.Context(), "session", "x", 300*time.Millisecond).Err())
	require.Equal(t, "x", client.Get(t.Context(), "session").Val())
	require.Eventually(t, func() bool { return errors.Is(client.Get(t.Context(), "session").Err(), redis.Nil) },
		10*time.Second, 10*time.Millisecond)
}

func TestStopEndsTheServer(t *testing.T) {
	t.Parallel()
	url, stop, err := redisserver.Start()
	require.NoError(t, err)
	require.NoError(t, open(t, url).Ping(t.Context()).Err())
	stop()
	stop()
	require.Error(t, open(t, url).Ping(t.Context()).Err())
}
