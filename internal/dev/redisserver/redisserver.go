// Package redisserver runs a Redis inside the process for `stoa dev`, so that a
// fresh machine needs none. It owns the data of that server, which lies in
// memory only: sessions and rate limits begin anew with each start. It is never
// used in production.
package redisserver

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// step is how often expiry catches up with the clock: the times to live of
// miniredis stand still otherwise.
const step = 100 * time.Millisecond

// Start starts a server on a free port of the loopback and returns its URL,
// redis://127.0.0.1:port/0, and the function that ends it.
func Start() (url string, stop func(), err error) {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		return "", nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(step)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-end:
				return
			case now := <-tick.C:
				server.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	return "redis://" + server.Addr() + "/0", sync.OnceFunc(func() {
		close(end)
		<-ended
		server.Close()
	}), nil
}
