package authn

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// source counts questions and answers those about positive keys.
type source struct {
	asked atomic.Int64
	gate  chan struct{} // when not nil, an answer waits for it
	fail  atomic.Bool
}

func (s *source) load(ctx context.Context, of ref) (*known, error) {
	s.asked.Add(1)
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	switch {
	case s.fail.Load():
		return nil, errors.New("down")
	case of.key > 0:
		return &known{}, nil
	}
	return nil, nil
}

type handClock struct{ ns atomic.Int64 }

func (c *handClock) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *handClock) advance(d time.Duration) { c.ns.Add(int64(d)) }

func TestABurstMakesOneQuestion(t *testing.T) {
	t.Parallel()
	s, clock := &source{gate: make(chan struct{})}, &handClock{}
	c := newCache(s.load, clock.now, 10)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			k, err := c.get(t.Context(), ref{1, 1})
			require.NoError(t, err)
			require.NotNil(t, k)
		})
	}
	close(s.gate)
	wg.Wait()
	require.EqualValues(t, 1, s.asked.Load())

	clock.advance(MaxAge - 1)
	_, _ = c.get(t.Context(), ref{1, 1})
	require.EqualValues(t, 1, s.asked.Load())
	clock.advance(1)
	_, _ = c.get(t.Context(), ref{1, 1})
	require.EqualValues(t, 2, s.asked.Load())
}

// A question that is under way for long may not know of a revocation since.
func TestNobodyJoinsAnOldQuestion(t *testing.T) {
	t.Parallel()
	s, clock := &source{gate: make(chan struct{})}, &handClock{}
	c := newCache(s.load, clock.now, 10)
	first := c.entry(ref{1, 1})
	clock.advance(MaxAge)
	second := c.entry(ref{1, 1})
	require.NotSame(t, first, second)
	require.Same(t, second, c.entry(ref{1, 1}))
	close(s.gate)
	<-first.done
	<-second.done
	require.Same(t, second, c.entry(ref{1, 1}), "the younger answer stays")
}

func TestAnErrorIsNotKept(t *testing.T) {
	t.Parallel()
	s, clock := &source{}, &handClock{}
	c := newCache(s.load, clock.now, 10)
	s.fail.Store(true)
	_, err := c.get(t.Context(), ref{1, 1})
	require.Error(t, err)
	s.fail.Store(false)
	k, err := c.get(t.Context(), ref{1, 1})
	require.NoError(t, err)
	require.NotNil(t, k)
}

func TestGuessesNeitherGrowTheCacheNorPushOutKeys(t *testing.T) {
	t.Parallel()
	s, clock := &source{}, &handClock{}
	c := newCache(s.load, clock.now, 100)
	for key := range int64(50) {
		_, _ = c.get(t.Context(), ref{1, key + 1})
	}
	asked := s.asked.Load()
	for guess := range int64(1000) {
		k, err := c.get(t.Context(), ref{1, -guess - 1})
		require.NoError(t, err)
		require.Nil(t, k)
	}
	require.Len(t, c.absent, 100)
	require.Empty(t, c.flights)
	require.Equal(t, asked+1000, s.asked.Load())
	for key := range int64(50) {
		_, _ = c.get(t.Context(), ref{1, key + 1})
	}
	require.Equal(t, asked+1000, s.asked.Load(), "every key was still known")

	for key := range int64(1000) {
		_, _ = c.get(t.Context(), ref{2, key + 1})
	}
	require.Len(t, c.present, 100)
}

func TestGuessesDoNotTakeTheDatabaseFromKeys(t *testing.T) {
	t.Parallel()
	s, clock := &source{}, &handClock{}
	c := newCache(s.load, clock.now, 100)
	_, err := c.get(t.Context(), ref{1, 1})
	require.NoError(t, err)
	clock.advance(MaxAge)
	s.gate = make(chan struct{})
	guesses := make([]*entry[known], 20)
	for i := range guesses {
		guesses[i] = c.entry(ref{1, int64(-i - 1)})
	}
	require.Eventually(t, func() bool { return s.asked.Load() == 1+guessPlaces }, 10*time.Second, time.Millisecond)
	c.entry(ref{1, 1}) // was seen: does not queue behind the guesses
	require.Eventually(t, func() bool { return s.asked.Load() == 2+guessPlaces }, 10*time.Second, time.Millisecond)
	close(s.gate)
	for _, g := range guesses {
		<-g.done
	}
}

func TestAKeyThatAppearsOrDisappearsIsFollowed(t *testing.T) {
	t.Parallel()
	there := atomic.Bool{}
	clock := &handClock{}
	c := newCache(func(context.Context, ref) (*known, error) {
		if there.Load() {
			return &known{}, nil
		}
		return nil, nil
	}, clock.now, 10)
	for _, exists := range []bool{false, true, false, true} {
		there.Store(exists)
		clock.advance(MaxAge)
		k, err := c.get(t.Context(), ref{1, 1})
		require.NoError(t, err)
		require.Equal(t, exists, k != nil)
		require.Equal(t, 1, len(c.present)+len(c.absent))
	}
}

func TestWhoGoesAwayDoesNotTakeTheAnswerFromOthers(t *testing.T) {
	t.Parallel()
	s, clock := &source{gate: make(chan struct{})}, &handClock{}
	c := newCache(s.load, clock.now, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.get(ctx, ref{1, 1})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	close(s.gate)
	k, err := c.get(t.Context(), ref{1, 1})
	require.NoError(t, err)
	require.NotNil(t, k)
	require.EqualValues(t, 1, s.asked.Load())
}
