package httpapi

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a key pair in files that somebody else renews.
type certificate struct {
	cert, key string
	log       *slog.Logger
	now       func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate
	changed [2]time.Time // of the files that pair was read from
	looked  time.Time
}

// certificateAge is how long a change of the files may go unnoticed.
const certificateAge = 10 * time.Second

// get returns the pair, from the files when they have changed. Files that are
// no pair (one of them is perhaps still being written) leave the old one in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= certificateAge {
		c.looked = now
		if err := c.read(); err != nil {
			c.log.Error("the TLS certificate cannot be read again; the old one stays in use", "error", err)
		}
	}
	return c.pair, nil
}

func (c *certificate) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = c.now()
	return c.read()
}

func (c *certificate) read() error {
	var changed [2]time.Time
	for i, name := range []string{c.cert, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		changed[i] = info.ModTime()
	}
	if c.pair != nil && changed == c.changed {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.pair, c.changed = &pair, changed
	return nil
}
