package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// A form on another site that carries the cookie changes nothing.
func TestOtherSitesCannotChangeAnything(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	stores := "/api/v1/tenants/" + own.Slug + "/stores"
	body := `{"slug":"%s","name":"New","kind":"sandbox"}`
	for i, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example.com"},
	} {
		got := v.call("POST", stores, fmt.Sprintf(body, fmt.Sprintf("a%d", i)), headers...).is(http.StatusForbidden)
		require.Equal(t, "forbidden", got.problem().Code)
		require.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
	}
	for i, headers := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://lrs.example.com"}, nil} {
		v.call("POST", stores, fmt.Sprintf(body, fmt.Sprintf("b%d", i)), headers...).is(http.StatusCreated)
	}
	v.call("GET", stores, nil, "Sec-Fetch-Site", "cross-site").is(http.StatusOK) // reads nothing that the other site sees
}

func TestBodiesAreHeldToTheDescription(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	stores := "/api/v1/tenants/" + own.Slug + "/stores"
	for body, places := range map[string][]string{
		`{"slug":"a","name":"A"}`:                                                    {"/kind"},
		`{"slug":"A!","name":"","kind":"other"}`:                                     {"/kind", "/name", "/slug"},
		`{"slug":"a","name":"A","kind":"sandbox","more/~":1}`:                        {"/more~1~0"},
		`{"slug":"a","slug":"b","name":"A","kind":"sandbox"}`:                        {"/slug"},
		`{"slug":1,"name":"A","kind":"sandbox"}`:                                     {"/slug"},
		`{"slug":"a","name":"` + strings.Repeat("x", 201) + `","kind":"production"}`: {"/name"},
		`[]`:          {""},
		`{"slug":"a"`: nil,
		``:            nil,
	} {
		p := v.call("POST", stores, body).is(http.StatusBadRequest).problem()
		require.Equal(t, "invalid", p.Code)
		var got []string
		for _, x := range p.Violations {
			require.NotEmpty(t, x.Rule)
			got = append(got, x.Path)
		}
		if places != nil {
			require.Equal(t, places, got, body)
		}
	}
	ok := `{"slug":"a","name":"A","kind":"sandbox"}`
	v.call("POST", stores, ok, "Content-Type", "text/plain").is(http.StatusUnsupportedMediaType).problem()
	v.call("POST", stores, ok, "Content-Type", "application/x-www-form-urlencoded").is(http.StatusUnsupportedMediaType)
	v.call("POST", stores, `{"slug":"`+strings.Repeat("a", 1<<20)+`"}`).is(http.StatusRequestEntityTooLarge).problem()
	for query, place := range map[string]string{"limit=0": "?limit", "limit=1001": "?limit", "limit=x": "?limit", "limit=1&limit=2": "?limit", "other=1": "?other"} {
		p := v.call("GET", stores+"?"+query, nil).is(http.StatusBadRequest).problem()
		require.Equal(t, place, p.Violations[0].Path)
	}
	v.call("GET", "/api/v1/tenants/"+own.Slug+"/members/NOT-AN-ID", nil).is(http.StatusNotFound).problem()
}

func TestMembersAreSearched(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	of := "/api/v1/tenants/" + own.Slug + "/members"
	v.call("POST", of, apiv1.Invitation{Email: "zoe@example.com", Name: ptr("Zoë Fernández")}).is(http.StatusCreated)
	for query, found := range map[string][]string{
		"text=FERN%C3%81ndez": {"zoe@example.com"}, "text=zoe%40": {"zoe@example.com"}, "text=zoe&status=active": nil, "text=100%25": nil,
	} {
		var page apiv1.MemberPage
		v.call("GET", of+"?"+query, nil).is(http.StatusOK).json(&page)
		var emails []string
		for _, m := range page.Items {
			emails = append(emails, m.Email)
		}
		require.Equal(t, found, emails, query)
	}
	require.Equal(t, "?status", v.call("GET", of+"?status=gone", nil).is(http.StatusBadRequest).problem().Violations[0].Path)
}

func TestChangesNeedWhatWasSeen(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	store := "/api/v1/tenants/" + own.Slug + "/stores/main"
	seen := v.call("GET", store, nil).is(http.StatusOK).header.Get("ETag")
	require.Equal(t, `"1"`, seen)
	change := apiv1.StoreChange{Name: ptr("Renamed")}
	require.Equal(t, "precondition_required", v.call("PATCH", store, change).is(http.StatusPreconditionRequired).problem().Code)
	require.Equal(t, `"2"`, v.call("PATCH", store, change, "If-Match", seen).is(http.StatusOK).header.Get("ETag"))
	for _, stale := range []string{seen, `"01"`, `W/"2"`, `2`, `"x"`, `"1", "2"`} {
		require.Equal(t, "precondition_failed", v.call("PATCH", store, change, "If-Match", stale).is(http.StatusPreconditionFailed).problem().Code)
	}
	v.call("PATCH", store, change, "If-Match", "*").is(http.StatusOK)
}

func ptr[T any](v T) *T { return &v }

// The same create again makes nothing new, also at the same moment, and the
// secret is shown once.
func TestCreatesAreDoneOnce(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	keys := "/api/v1/tenants/" + own.Slug + "/keys"
	body := apiv1.NewKey{Name: "Once", Scopes: []apiv1.Scope{"statements/write"}}
	var group sync.WaitGroup
	answers := make([]answer, 6)
	for i := range answers {
		group.Go(func() { answers[i] = v.call("POST", keys+"?store=main", body, "Idempotency-Key", "one") })
	}
	group.Wait()
	users, secrets := map[string]bool{}, 0
	for _, got := range answers {
		var issued apiv1.IssuedKey
		got.is(http.StatusCreated).json(&issued)
		users[issued.Key.User] = true
		if issued.Secret != "" {
			secrets++
			require.Empty(t, got.header.Get("Idempotent-Replayed"))
		} else {
			require.Equal(t, "true", got.header.Get("Idempotent-Replayed"))
		}
	}
	require.Len(t, users, 1)
	require.Equal(t, 1, secrets)
	body.Name = "Other"
	v.call("POST", keys+"?store=main", body, "Idempotency-Key", "one").is(http.StatusConflict).problem()
	v.call("POST", keys+"?store=sandbox", body, "Idempotency-Key", "one").is(http.StatusConflict)
	o.as(own, admin).call("POST", keys+"?store=main", body, "Idempotency-Key", "one").is(http.StatusCreated) // another person's key

	var page apiv1.KeyPage
	v.call("GET", keys, nil).is(http.StatusOK).json(&page)
	require.Len(t, page.Items, 2)

	// A refused create does not use the key up.
	refused := apiv1.NewKey{Name: "Late", Scopes: []apiv1.Scope{"state"}, ExpiresAt: ptr(time.Now().Add(-time.Hour))}
	v.call("POST", keys+"?store=main", refused, "Idempotency-Key", "two").is(http.StatusBadRequest)
	refused.ExpiresAt = nil
	v.call("POST", keys+"?store=main", refused, "Idempotency-Key", "two").is(http.StatusCreated)

	// After a day it is forgotten.
	o.in(own.ID, func(tx *postgres.Tx) error {
		_, err := tx.Exec(tx.Context(), `update idempotency set created_at = now() - interval '25 hours' where tenant_id = $1`, own.ID)
		return err
	})
	v.call("POST", keys+"?store=main", body, "Idempotency-Key", "one").is(http.StatusCreated)
	var left int
	o.in(own.ID, func(tx *postgres.Tx) error {
		return tx.QueryRow(tx.Context(), `select count(*) from idempotency where tenant_id = $1`, own.ID).Scan(&left)
	})
	require.Equal(t, 1, left)
}

// Who is granted one store sees that store, and is told nothing of others.
func TestGrantsInOneStore(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	member := o.member(own)
	o.in(own.ID, func(tx *postgres.Tx) error {
		s, err := tenant.GetStore(tx, "sandbox")
		if err != nil {
			return err
		}
		_, err = authz.GiveGrant(tx, authz.Trusted, authz.NewGrant{Member: member, Role: integrator, Store: s.ID}, time.Now())
		return err
	})
	v := o.signedIn(o.sessions, own, member)
	of := "/api/v1/tenants/" + own.Slug
	var page apiv1.StorePage
	v.call("GET", of+"/stores", nil).is(http.StatusOK).json(&page)
	require.Len(t, page.Items, 1)
	require.Equal(t, "sandbox", page.Items[0].Slug)
	v.call("GET", of+"/stores/sandbox", nil).is(http.StatusOK)
	v.call("GET", of+"/stores/main", nil).is(http.StatusForbidden)
	v.call("GET", of+"/stores/nothing", nil).is(http.StatusForbidden)
	v.call("GET", of+"/keys", nil).is(http.StatusForbidden)
	v.call("GET", of+"/keys?store=sandbox", nil).is(http.StatusOK)
	v.call("POST", of+"/keys?store=sandbox", apiv1.NewKey{Name: "K", Scopes: []apiv1.Scope{"state"}}).is(http.StatusCreated)
	v.call("POST", of+"/keys?store=main", apiv1.NewKey{Name: "K", Scopes: []apiv1.Scope{"state"}}).is(http.StatusForbidden)
	// An integrator may not take statements out, and so no key of theirs may.
	for _, scope := range []apiv1.Scope{"statements/read", "all/read", "all"} {
		v.call("POST", of+"/keys?store=sandbox", apiv1.NewKey{Name: "K", Scopes: []apiv1.Scope{scope}}).is(http.StatusForbidden)
	}
	user, _ := o.key(own) // of main
	v.call("GET", of+"/keys/"+user, nil).is(http.StatusForbidden)
	var me apiv1.Me
	v.call("GET", "/api/v1/me", nil).is(http.StatusOK).json(&me)
	require.Empty(t, me.SignIns[0].Permissions.Tenant)
	require.Contains(t, me.SignIns[0].Permissions.Stores["sandbox"], "keys.manage")
}

// A refusal is in the log, once a minute for each route.
func TestRefusalsAreRecorded(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	v := o.as(own, analyst)
	for range 3 {
		v.call("GET", "/api/v1/tenants/"+own.Slug+"/members", nil).is(http.StatusForbidden)
		v.call("GET", "/api/v1/tenants/"+other.Slug+"/roles", nil).is(http.StatusNotFound)
	}
	count := func(of int64) (n int) {
		o.in(of, func(tx *postgres.Tx) error {
			return tx.QueryRow(tx.Context(), `select count(*) from audit_events where tenant_id = $1 and action = 'access.denied'
				and outcome = 'denied' and actor_id = $2 and request_id <> '' and session <> ''`, of, authz.Subject(v.member)).Scan(&n)
		})
		return n
	}
	require.Contains(t, []int{2, 4}, count(own.ID)) // 4 where a minute ended meanwhile
	require.Zero(t, count(other.ID))
}

func TestPeopleAreLimited(t *testing.T) {
	t.Parallel()
	o := setupOffice(t, ratelimit.Limits{KeyRequests: 3})
	own := o.tenant()
	v, colleague := o.as(own, admin), o.as(own, admin)
	for range 3 {
		v.call("GET", "/api/v1/me", nil).is(http.StatusOK)
	}
	got := v.call("GET", "/api/v1/me", nil).is(http.StatusTooManyRequests)
	require.NotEmpty(t, got.header.Get("Retry-After"))
	colleague.call("GET", "/api/v1/me", nil).is(http.StatusOK)
}

// Taking away takes effect at once, and without Redis people wait while tokens go on.
func TestEndsTakeEffect(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	boss, v := o.as(own, admin), o.as(own, analyst)
	token := o.withToken(own, v.member, authz.StoresView)
	of := "/api/v1/tenants/" + own.Slug
	v.call("GET", of+"/stores", nil).is(http.StatusOK)
	token.call("GET", of+"/stores", nil).is(http.StatusOK)
	boss.call("DELETE", of+"/members/"+id.Text(v.member)+"/sessions", nil).is(http.StatusNoContent)
	v.call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized)
	again := o.signedIn(o.sessions, own, v.member)
	again.call("GET", "/api/v1/me", nil).is(http.StatusOK)
	boss.call("PATCH", of+"/members/"+id.Text(v.member), apiv1.MemberChange{Status: ptr(apiv1.MemberChangeStatusDisabled)}, "If-Match", "*").is(http.StatusOK)
	again.call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized)
	require.Eventually(t, func() bool { return token.call("GET", of+"/stores", nil).status == http.StatusUnauthorized }, time.Second, 20*time.Millisecond)

	mine := o.withToken(own, boss.member, authz.StoresView)
	o.redis.Close()
	got := boss.call("GET", "/api/v1/me", nil).is(http.StatusServiceUnavailable)
	require.NotEmpty(t, got.header.Get("Retry-After"))
	mine.call("GET", of+"/stores", nil).is(http.StatusOK)
}

// The last admin stays, whoever asks.
func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	me := "/api/v1/tenants/" + own.Slug + "/members/" + id.Text(v.member)
	v.call("DELETE", me, nil, "If-Match", "*").is(http.StatusConflict)
	v.call("PATCH", me, `{"status":"disabled"}`, "If-Match", "*").is(http.StatusConflict)
	var m apiv1.Member
	v.call("GET", me, nil).is(http.StatusOK).json(&m)
	v.call("DELETE", me+"/grants/"+m.Grants[0].ID, nil).is(http.StatusConflict)
}

func TestAnswersOutsideXAPIAreClosed(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	for path, kind := range map[string]string{
		"/docs": "text/html; charset=utf-8", "/docs/docs.js": "text/javascript; charset=utf-8", "/docs/docs.css": "text/css; charset=utf-8",
		"/api/v1/openapi.json": "application/json", "/healthz": "application/json", "/nothing": "application/problem+json", "/api/v1/me": "application/problem+json",
	} {
		res, err := http.DefaultTransport.RoundTrip((&client{t: t, base: o.url}).prepare(request{path: path}))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, kind, res.Header.Get("Content-Type"), path)
		csp := res.Header.Get("Content-Security-Policy")
		require.Contains(t, csp, "default-src 'none'")
		require.Contains(t, csp, "frame-ancestors 'none'")
		require.NotContains(t, csp, "unsafe")
		for name, value := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000",
		} {
			require.Equal(t, value, res.Header.Get(name), "%s of %s", name, path)
		}
		require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"))
	}
	for _, path := range []string{"/xapi/about", "/xapi/statements", "/healthz"} {
		require.Equal(t, "max-age=31536000", (&client{t: t, base: o.url}).do(request{path: path}).header.Get("Strict-Transport-Security"), path)
	}
	home, err := http.DefaultTransport.RoundTrip((&client{t: t, base: o.url}).prepare(request{path: "/"}))
	require.NoError(t, err)
	require.NoError(t, home.Body.Close())
	require.Equal(t, http.StatusSeeOther, home.StatusCode)
	require.Equal(t, "/admin/", home.Header.Get("Location"), "a sign-in ends on a page")
	page := string((&client{t: t, base: o.url}).do(request{path: "/docs"}).is(http.StatusOK).body)
	require.NotContains(t, page, "style=")
	require.NotContains(t, page, "onclick")
	require.NotContains(t, page, "<script>")
	for _, word := range []string{"createKey", "statements.view", "Idempotency-Key"} {
		require.Contains(t, page, word)
	}
	got := (&visitor{o: o}).call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized)
	require.Equal(t, `Bearer realm="Stoa"`, got.header.Get("WWW-Authenticate"))
}
