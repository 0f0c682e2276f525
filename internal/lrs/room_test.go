package lrs

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
)

func requestOf(store int64, statements int) *pending {
	rows := make([]row, statements)
	for i := range rows {
		rows[i].store = store
	}
	return &pending{ctx: context.Background(), rows: rows}
}

func TestRoomGivesAStoreToOneLaneAtATime(t *testing.T) {
	t.Parallel()
	r := newRoom(10)
	hot, hotter, other := requestOf(1, 1), requestOf(1, 1), requestOf(2, 1)
	require.NoError(t, r.enter(hot))
	first := r.take(512)
	require.Equal(t, []*pending{hot}, first)
	require.NoError(t, r.enter(hotter))
	require.NoError(t, r.enter(other))
	require.Equal(t, []*pending{other}, r.take(512), "its store is free, and it came later")
	require.Equal(t, 1, r.queued())
	taken := make(chan []*pending)
	go func() { taken <- r.take(512) }()
	r.leave(first)
	require.Equal(t, []*pending{hotter}, <-taken)
}

func TestRoomKeepsTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	r := newRoom(10)
	a, large, b := requestOf(1, 300), requestOf(2, 300), requestOf(3, 1)
	for _, p := range []*pending{a, large, b} {
		require.NoError(t, r.enter(p))
	}
	require.Equal(t, []*pending{a}, r.take(512), "b would fit, but would overtake the large one for ever")
	require.Equal(t, []*pending{large, b}, r.take(512))
	huge := requestOf(4, 1000)
	require.NoError(t, r.enter(huge))
	require.Equal(t, []*pending{huge}, r.take(512), "what is larger than a group is one by itself")
}

func TestRoomRefusesWhenFullOrClosed(t *testing.T) {
	t.Parallel()
	r := newRoom(1)
	require.NoError(t, r.enter(requestOf(1, 1)))
	late := requestOf(1, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	late.ctx = ctx
	require.True(t, fault.Is(r.enter(late), fault.Unavailable))
	r.close()
	require.Len(t, r.take(512), 1, "who waits already is still taken")
	require.Nil(t, r.take(512))
	require.True(t, fault.Is(r.enter(requestOf(1, 1)), fault.Unavailable))
}
