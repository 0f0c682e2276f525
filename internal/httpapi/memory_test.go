package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// upload is a request of a tenant with a body.
func upload(a *API, tenant int64, body io.Reader) *exchange {
	x := &exchange{ResponseWriter: httptest.NewRecorder(), api: a, principal: &authn.Principal{Tenant: tenant}}
	x.request = httptest.NewRequest(http.MethodPost, "/", body)
	return x
}

// chunked hides how long a body is.
func chunked(body string) io.Reader { return struct{ io.Reader }{strings.NewReader(body)} }

// Bodies take memory, of their tenant's share, and give it back.
func TestBodiesShareTheMemory(t *testing.T) {
	t.Parallel()
	a := edge(t, io.Discard).(*API)
	total := a.Limits.BodyMemory
	first := upload(a, 1, strings.NewReader(strings.Repeat("x", 1<<20)))
	_, err := first.readBody(1 << 20)
	require.NoError(t, err)
	require.Equal(t, int64(1<<20), first.held.bytes)
	require.True(t, a.memory.free.TryAcquire(total-1<<20))
	require.False(t, a.memory.free.TryAcquire(1))
	a.memory.free.Release(total - 1<<20)
	a.memory.release(&first.held)
	require.Empty(t, a.memory.tenants)
	require.True(t, a.memory.free.TryAcquire(total))
}

// One that fills its share waits for itself; another tenant does not.
func TestATenantTakesNoMoreMemoryThanItsShare(t *testing.T) {
	t.Parallel()
	a := edge(t, io.Discard).(*API)
	big := upload(a, 1, nil)
	require.NoError(t, big.reserve(a.Limits.BodyMemory))
	require.Equal(t, a.Limits.BodyMemory/2, big.held.bytes)

	ctx, leave := context.WithCancel(t.Context())
	leave()
	own := upload(a, 1, nil)
	own.request = own.request.WithContext(ctx)
	require.True(t, fault.Is(own.reserve(1<<20), fault.Unavailable))
	a.memory.release(&own.held)

	other := upload(a, 2, nil)
	require.NoError(t, other.reserve(1<<20))
	a.memory.release(&other.held)
	a.memory.release(&big.held)
	require.Empty(t, a.memory.tenants)
}

// What a body does not announce is taken as it comes, at once or not at all.
func TestABodyThatGrowsTakesMoreMemory(t *testing.T) {
	t.Parallel()
	a := edge(t, io.Discard).(*API)
	text := strings.Repeat("x", 3<<20)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.Less(t, zipped.Len(), memoryFree/inflation, "it seems to be short")

	for name, begin := range map[string]func() *exchange{
		"chunked": func() *exchange { return upload(a, 1, chunked(text)) },
		"gzip": func() *exchange {
			x := upload(a, 1, bytes.NewReader(zipped.Bytes()))
			x.request.Header.Set("Content-Encoding", "gzip")
			return x
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin()
			body, err := x.readBody(4 << 20)
			require.NoError(t, err)
			require.Equal(t, text, string(body))
			require.GreaterOrEqual(t, x.held.bytes, int64(3<<20))
			a.memory.release(&x.held)

			most := upload(a, 1, nil)
			require.NoError(t, most.reserve(a.memory.share-2<<20))
			x = begin()
			_, err = x.readBody(4 << 20)
			require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
			a.memory.release(&x.held)
			a.memory.release(&most.held)
		})
	}
	small := upload(a, 1, chunked("{}"))
	_, err = small.readBody(16 << 20)
	require.NoError(t, err)
	require.LessOrEqual(t, small.held.bytes, int64(unannounced))
}

// A bounded amount of large bodies is taken apart together; small ones do not wait.
func TestLargeBodiesAreParsedByTurns(t *testing.T) {
	t.Parallel()
	a := edge(t, io.Discard).(*API)
	ctx, leave := context.WithCancel(t.Context())
	x := &exchange{ResponseWriter: httptest.NewRecorder(), api: a}
	x.request = httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
	nothing := func() error { return nil }

	cause := errors.New("cause")
	require.Same(t, cause, x.parse(1<<20, func() error {
		require.True(t, a.parsing.TryAcquire(parseTogether-1<<20))
		require.False(t, a.parsing.TryAcquire(1), "a large body takes its share")
		a.parsing.Release(parseTogether - 1<<20)
		return cause
	}))
	require.NoError(t, x.parse(2*parseTogether, func() error {
		require.False(t, a.parsing.TryAcquire(1), "a very large one is alone")
		return nil
	}))
	require.True(t, a.parsing.TryAcquire(parseTogether), "the turn is over")
	require.NoError(t, x.parse(memoryFree, nothing))
	leave()
	require.True(t, fault.Is(x.parse(1<<20, nothing), fault.Unavailable))
}
