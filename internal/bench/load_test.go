package bench

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRunCountsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	var n, progress atomic.Int64
	r := run(t.Context(), 3, 20*time.Millisecond, &progress, func(context.Context, int) (int, error) {
		if n.Add(1)%5 == 0 {
			return 0, refused
		}
		return 7, nil
	})
	require.EqualValues(t, n.Load(), r.requests+r.failures)
	require.Equal(t, 7*r.requests, r.statements)
	require.EqualValues(t, r.statements, progress.Load())
	require.Len(t, r.latencies, r.requests)
	require.ErrorIs(t, r.firstError, refused)
	require.LessOrEqual(t, r.percentile(50), r.percentile(99))
}

func TestEndpointPrintsATableAndCountsRefusals(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, secret, _ := r.BasicAuth()
		if user != "user" || secret != "secret" || r.URL.Path != "/xapi/statements" || n.Add(1)%10 == 0 {
			http.Error(w, "no more", http.StatusTooManyRequests)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	var out strings.Builder
	o := EndpointOptions{
		URL: server.URL + "/xapi/", User: "user", Secret: "secret",
		Batches: []int{2}, Clients: []int{1, 2}, Duration: 50 * time.Millisecond, Progress: io.Discard,
	}
	require.NoError(t, Endpoint(t.Context(), &out, o))
	require.Equal(t, 4, strings.Count(out.String(), "\n"), "head, two rows, first refusal: %s", out.String())
	require.Contains(t, out.String(), "429 Too Many Requests: no more")

	o.Secret = "wrong"
	require.ErrorContains(t, Endpoint(t.Context(), &out, o), "does not take a statement")
	require.NotContains(t, out.String(), "wrong")
}
