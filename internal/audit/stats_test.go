package audit_test

import (
	"errors"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
)

// fickle is keys that sometimes cannot be reached.
type fickle struct {
	*keys
	away atomic.Bool
}

func (f *fickle) Sign(data []byte) (string, []byte, error) {
	if f.away.Load() {
		return "", nil, errors.New("away")
	}
	return f.keys.Sign(data)
}

func TestASealerTellsHowItGoes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	signer := &fickle{keys: w.keys}
	w.record(w.mine, 3)
	s := w.sealing(func(c *audit.SealerConfig) { c.Signer = signer })
	require.Zero(t, s.Stats().Round)
	began := time.Now().Add(-time.Millisecond)
	require.NoError(t, s.Round(t.Context()))
	stats := s.Stats()
	require.Equal(t, []int64{3, 0, 0, 0}, []int64{stats.Sealed, stats.Waiting, stats.Failing, stats.Failures})
	require.True(t, stats.Round.After(began))

	signer.away.Store(true)
	w.record(w.mine, 1)
	require.Error(t, s.Round(t.Context()))
	stats = s.Stats()
	require.Equal(t, []int64{1, 1}, []int64{stats.Failing, stats.Failures})
	signer.away.Store(false)
	require.NoError(t, s.Round(t.Context()))
	require.Zero(t, s.Stats().Failing)
}

func TestAStreamerTellsHowFarItIsBehind(t *testing.T) {
	t.Parallel()
	w := setup(t)
	receiver := &siem{}
	server := httptest.NewTLSServer(receiver)
	defer server.Close()
	receiver.fail.Store(1)
	_, receiver.secret = w.stream(audit.StreamConfig{Name: "SIEM", Kind: audit.Webhook, Address: server.URL, Authority: authority(server), Enabled: true, FromStart: true})
	w.record(w.mine, 3)
	w.seal()
	first := w.streamer(func(c *audit.StreamerConfig) { c.Backoff = time.Hour }) // one try in a round
	require.Zero(t, first.Stats())
	require.NoError(t, first.Round(t.Context()))
	stats := first.Stats()
	require.Equal(t, []int64{1, 1, 1, 0}, []int64{stats.Streams, stats.Failing, stats.Failures, stats.Sent})
	require.Positive(t, stats.Lag)

	w.force(`update audit_streams set next_at = now()`)
	second := w.streamer() // another process; it measures in its first round
	require.NoError(t, second.Round(t.Context()))
	require.Equal(t, audit.StreamerStats{Streams: 1, Sent: 4}, second.Stats())
}
