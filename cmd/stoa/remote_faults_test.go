package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/secret"
)

func TestAServerThatIsDownIsWaitedForAndThenGivenUp(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	x := (&campus{&terminal{t: t}, gone.URL}).as("stoa_pat_1-00000001_secret")
	_, err := x.run("store list acme")
	require.Equal(t, 75, exitCode(err), "%v", err)
	require.Contains(t, text(err), gone.URL+" cannot be reached")
	require.NotContains(t, text(err), "secret")
}

// fickle is a server of the API that breaks off what it is told to.
func fickle(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, attempt int)) (*remote, *[]*http.Request) {
	t.Helper()
	var seen []*http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		answer(w, r, len(seen))
	}))
	t.Cleanup(s.Close)
	r := newRemote(s.URL, secret.New("stoa_pat_x"))
	for _, c := range []*apiv1.Client{r.api, r.slow} {
		c.Client.(*patient).begin = time.Millisecond
	}
	return r, &seen
}

func TestWhatIsMadeIsMadeOnceHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	r, seen := fickle(t, func(w http.ResponseWriter, _ *http.Request, attempt int) {
		switch attempt {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"slug":`))
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"slug": "main", "name": "Main", "kind": "sandbox", "createdAt": "2026-01-01T00:00:00Z"}`))
		}
	})
	s, err := r.CreateStore(t.Context(), "acme", apiv1.NewStore{Slug: "main", Name: "Main", Kind: "sandbox"})
	require.NoError(t, err)
	require.Equal(t, "main", s.Slug)
	require.Len(t, *seen, 4)
	keys := map[string]bool{}
	for _, q := range *seen {
		keys[q.Header.Get("Idempotency-Key")] = true
		require.Equal(t, "Bearer stoa_pat_x", q.Header.Get("Authorization"))
		require.True(t, strings.HasPrefix(q.UserAgent(), "stoa"))
	}
	require.Len(t, keys, 1)
	require.NotContains(t, keys, "")
}

func TestASecretThatWasLostIsNotShownAsNone(t *testing.T) {
	t.Parallel()
	r, _ := fickle(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Idempotent-Replayed", "true")
		_, _ = w.Write([]byte(`{"key": {"user": "1-h4k2m9q0"}, "secret": ""}`))
	})
	_, err := r.CreateKey(t.Context(), "acme", "main", apiv1.NewKey{})
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.ErrorContains(t, err, "key rotate 1-h4k2m9q0")
}

func TestAChangeIsRefusedWhenSomebodyElseWasFaster(t *testing.T) {
	t.Parallel()
	r, seen := fickle(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("ETag", `"7"`)
			_, _ = w.Write([]byte(`{"slug": "acme", "limits": {"requestsPerMinute": 1, "statementsPerMinute": 2}}`))
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = w.Write([]byte(`{"status": 412, "code": "precondition_failed", "detail": "changed", "requestId": "R7"}`))
	})
	_, err := r.LimitTenant(t.Context(), "acme", func(l *apiv1.TenantLimits) { l.RequestsPerMinute = 5 })
	require.Equal(t, 4, exitCode(err))
	require.Contains(t, text(err), "somebody else has changed it")
	require.Contains(t, text(err), "request R7")
	require.Equal(t, `"7"`, (*seen)[1].Header.Get("If-Match"))
	require.Len(t, *seen, 2, "not tried again")
}

func TestATokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	r, seen := fickle(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		u := url.URL{Scheme: "http", Host: r.Host, Path: "/elsewhere"}
		http.Redirect(w, r, u.String(), http.StatusTemporaryRedirect)
	})
	_, err := r.GetTenant(t.Context(), "acme")
	require.ErrorContains(t, err, "is this Stoa?")
	require.Len(t, *seen, 1)
	stranger := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(stranger.Close)
	_, err = newRemote(stranger.URL, secret.New("stoa_pat_x")).GetTenant(t.Context(), "acme")
	require.Equal(t, 2, exitCode(err), "%v", err)
}

func TestAVerificationThatBreaksOffSaysNothing(t *testing.T) {
	t.Parallel()
	r, _ := fickle(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, _ = w.Write([]byte(`{"done":false,"seals":3,"events":40}` + "\n"))
	})
	_, err := r.VerifyAudit(t.Context(), "acme")
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	r, _ = fickle(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, _ = w.Write([]byte(`{"done":false,"seals":3,"events":40}` + "\n" + `{"done":true,"ok":false,"seals":4,"events":50,"problems":1,"findings":[{"kind":"event_changed","text":"changed"}]}` + "\n"))
	})
	v, err := r.VerifyAudit(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, "event_changed", v.Findings[0].Kind)
	require.EqualValues(t, 50, v.Events)
}

func TestTheLogIsReadFromAfar(t *testing.T) {
	t.Parallel()
	c := openCampus(t)
	c.table("tenant create acme")
	auditor := c.afar("acme", "auditor")
	for _, line := range []string{
		"audit list acme --type member.invited", "audit list acme --type grant.given --outcome success -o json", "audit list acme --type key.created,member.invited",
		"audit list acme --type member.invited --from 1h --to 2030-01-31 -o json", "audit list acme --type member.invited --text auditor@acme.example",
		"audit export acme --type member.invited --format csv", "audit export acme --type token.created",
	} {
		require.Equal(t, c.table(line), auditor.table(line), line)
	}
	require.Contains(t, auditor.table("audit list acme --limit 1"), "there is more: --after ")
	require.Contains(t, auditor.table("audit verify acme"), "problems  0")
	for line, code := range map[string]int{
		"audit list acme --type nothing": 2, "audit export nobody": 3, "audit export acme --format xml": 2,
		"audit verify nobody": 3, "audit list acme --after nonsense": 2,
	} {
		_, err := auditor.run(line + " --server " + c.url)
		require.Equal(t, code, exitCode(err), "%s: %v", line, err)
	}
}
