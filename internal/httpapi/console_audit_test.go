package httpapi_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func logOf(t *tenant.Tenant) string { return "/api/v1/tenants/" + t.Slug + "/audit" }

func TestTheLogIsSearched(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	a := o.as(of, admin)
	a.call("POST", "/api/v1/tenants/"+of.Slug+"/roles", `{"slug":"looker","name":"Looker","actions":["tenant.view"]}`).is(201)
	v := o.as(of, auditor)
	count := func(pairs ...string) int {
		t.Helper()
		return len(read[apiv1.AuditPage](v.call("GET", logOf(of)+ask(pairs...), nil).is(200)).Items)
	}
	made := read[apiv1.AuditPage](v.call("GET", logOf(of)+ask("action", "role.created"), nil).is(200)).Items
	require.Len(t, made, 1)
	e := made[0]
	require.Equal(t, 1, count("actor", e.Actor.ID, "action", "role.created", "outcome", "success", "targetKind", "role", "text", "looker"))
	require.Equal(t, 0, count("action", "role.created", "outcome", "denied"))
	require.Equal(t, 1, count("action", "key.created,role.created,role.created", "outcome", "denied,success"))
	require.NotEmpty(t, e.Session)
	require.Equal(t, 1, count("session", e.Session, "action", "role.created"))
	require.Equal(t, 0, count("session", e.Session+"x"))
	exported := v.call("GET", logOf(of)+"/export"+ask("format", "ndjson", "session", e.Session), nil).is(200)
	require.Equal(t, count("session", e.Session), strings.Count(string(exported.body), "\n"))
	at := e.At.Format(time.RFC3339Nano)
	require.Equal(t, 0, count("action", "role.created", "since", at), "later than")
	require.Equal(t, 1, count("action", "role.created", "until", at), "not later than")
	require.Equal(t, e, read[apiv1.AuditEvent](v.call("GET", logOf(of)+"/events/"+e.ID, nil).is(200)))
	var seen int
	for next := ""; ; {
		page := read[apiv1.AuditPage](v.call("GET", logOf(of)+"?limit=2&until="+at+next, nil).is(200))
		if seen += len(page.Items); page.Next == "" {
			break
		}
		next = "&after=" + page.Next
	}
	require.Equal(t, count("until", at), seen)
	for query, place := range map[string]string{
		ask("action", "no.such"): "?action", ask("action", "key.created,"): "?action", ask("outcome", "denied,"): "?outcome", ask("session", strings.Repeat("x", 101)): "?session", ask("outcome", "maybe"): "?outcome", ask("since", "x"): "?since", ask("after", "!"): "?after",
		ask("text", "---"): "?text", ask("limit", "1001"): "?limit",
	} {
		require.Equal(t, place, v.call("GET", logOf(of)+query, nil).is(400).problem().Violations[0].Path, query)
		if !strings.Contains(query, "limit") && !strings.Contains(query, "after") {
			require.Equal(t, place, v.call("GET", logOf(of)+"/export"+query+"&format=csv", nil).is(400).problem().Violations[0].Path, query)
		}
	}
	require.Equal(t, "?format", v.call("GET", logOf(of)+"/export", nil).is(400).problem().Violations[0].Path)
}

// Who follows the log is recorded, and does not fill it with that.
func TestFollowingTheLogIsRecordedOnceAMinute(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	v := o.as(of, auditor)
	newest := read[apiv1.AuditPage](v.call("GET", logOf(of)+"?limit=1", nil).is(200)).Items[0].At
	started := time.Now().Truncate(time.Minute)
	arrived := map[string]bool{}
	require.Eventually(t, func() bool {
		if len(arrived) == 0 {
			o.member(of)
			o.in(of.ID, func(tx *postgres.Tx) error {
				return audit.Record(tx, audit.Event{Type: audit.SettingsChanged, Details: map[string]any{"tail": true}})
			})
		}
		for _, e := range read[apiv1.AuditPage](v.call("GET", logOf(of)+ask("since", newest.Format(time.RFC3339Nano)), nil).is(200)).Items {
			if e.Action == string(audit.SettingsChanged) {
				arrived[e.ID] = true
			}
			if e.At.After(newest) {
				newest = e.At
			}
		}
		return len(arrived) > 0
	}, 5*time.Second, 10*time.Millisecond)
	for range 20 {
		v.call("GET", logOf(of)+ask("since", newest.Format(time.RFC3339Nano)), nil).is(200)
	}
	minutes := int(time.Now().Truncate(time.Minute).Sub(started)/time.Minute) + 1
	require.LessOrEqual(t, len(o.events(of, audit.AuditViewed)), minutes)
	require.NotEmpty(t, o.events(of, audit.AuditViewed))
	before := len(o.events(of, audit.AuditViewed))
	v.call("GET", logOf(of)+ask("actor", "somebody"), nil).is(200)
	require.Greater(t, len(o.events(of, audit.AuditViewed)), before, "another question is another event")
}

// The proof can be checked by hand, with nothing of ours.
func TestAProofHoldsByItself(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	v := o.as(of, auditor)
	event := o.events(of)[0].Ref()
	require.False(t, read[apiv1.Proof](v.call("GET", logOf(of)+"/events/"+event+"/proof", nil).is(200)).Sealed)
	o.seal()
	p := read[apiv1.Proof](v.call("GET", logOf(of)+"/events/"+event+"/proof", nil).is(200))
	require.True(t, p.Sealed)
	encoding, err := base64.StdEncoding.DecodeString(*p.Encoding)
	require.NoError(t, err)
	sum := sha256.Sum256(append([]byte{0}, encoding...))
	require.Equal(t, hex.EncodeToString(sum[:]), *p.Leaf)
	// RFC 9162, 2.1.3.2.
	fn, sn, r := *p.Index, p.Seal.Count-1, sum
	for _, step := range p.Path {
		sibling, err := hex.DecodeString(step)
		require.NoError(t, err)
		if fn%2 == 1 || fn == sn {
			r = sha256.Sum256(append(append([]byte{1}, sibling...), r[:]...))
			for fn%2 == 0 && fn > 0 {
				fn, sn = fn/2, sn/2
			}
		} else {
			r = sha256.Sum256(append(append([]byte{1}, r[:]...), sibling...))
		}
		fn, sn = fn/2, sn/2
	}
	require.Equal(t, p.Seal.Root, hex.EncodeToString(r[:]))
	public, err := base64.StdEncoding.DecodeString(*p.PublicKey)
	require.NoError(t, err)
	signature, err := base64.StdEncoding.DecodeString(p.Seal.Signature)
	require.NoError(t, err)
	require.Len(t, public, ed25519.PublicKeySize)
	require.Len(t, signature, ed25519.SignatureSize)
}

// tamper changes the log behind its back, as its owner could.
func (o *office) tamper(sql string, args ...any) {
	o.t.Helper()
	intruder, err := pgx.Connect(o.t.Context(), o.database.Owner)
	require.NoError(o.t, err)
	defer func() { _ = intruder.Close(context.Background()) }()
	for _, s := range []string{`alter table audit_events no force row level security`, `alter table audit_events disable trigger user`} {
		_, err := intruder.Exec(o.t.Context(), s)
		require.NoError(o.t, err)
	}
	_, err = intruder.Exec(o.t.Context(), sql, args...)
	require.NoError(o.t, err)
}

func TestVerifyingNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	v := o.as(of, auditor)
	o.seal()
	verify := func() apiv1.Verification {
		t.Helper()
		got := v.call("POST", logOf(of)+"/verify", nil).is(200)
		require.Equal(t, "application/x-ndjson", got.header.Get("Content-Type"))
		lines := strings.Split(strings.TrimSpace(string(got.body)), "\n")
		var last apiv1.Verification
		require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
		require.True(t, last.Done)
		return last
	}
	require.True(t, *verify().Ok)
	oldest := o.events(of)
	changed := oldest[len(oldest)-1]
	o.tamper(`update audit_events set actor_name = 'Mallory' where id = $1`, changed.ID)
	found := verify()
	require.False(t, *found.Ok)
	require.Equal(t, "event_changed", found.Findings[0].Kind)
	require.Equal(t, changed.Ref(), *found.Findings[0].Event)
	verified := o.events(of, audit.AuditVerified)
	require.Len(t, verified, 2)
	require.Equal(t, audit.Failure, verified[0].Outcome)
}

// An export of 100,000 events holds a page of them at a time.
func TestAnExportStreams(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	const many = 100_000
	o.in(of.ID, func(tx *postgres.Tx) error {
		_, err := tx.Exec(tx.Context(), `insert into audit_events (tenant_id, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name,
			outcome, address, user_agent, session, request_id, details)
			select $1, 'member', 'member:0000000' || n % 10, 'P', 'key.used', 'key', 'k', '=cmd()', 'success', '', repeat('u', 200), '', '', '{}' from generate_series(1, $2) n`,
			of.ID, many)
		return err
	})
	v := o.as(of, auditor)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.url+logOf(of)+"/export?format=ndjson&action=key.used", nil)
	require.NoError(t, err)
	req.AddCookie(&http.Cookie{Name: "__Host-stoa", Value: v.cookie})
	res, err := patient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, 200, res.StatusCode)
	require.Contains(t, res.Header.Get("Content-Disposition"), ".ndjson")
	lines := 0
	const fewer = 1000
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		if lines++; lines == 1 { // of 45 MB; the rest waits until it is read, in the database
			o.tamper(`delete from audit_events where id in (select id from audit_events where tenant_id = $1 and action = 'key.used' order by id limit $2)`, of.ID, fewer)
		}
	}
	require.Equal(t, many-fewer, lines, "what left the log meanwhile was held nowhere")
	told := o.events(of, audit.AuditExported)
	require.Len(t, told, 2)
	require.Contains(t, told[0].Details, fmt.Sprintf(`"rows":%d`, lines))
	require.Contains(t, told[0].Details, `"key.used"`)

	got := v.call("GET", logOf(of)+"/export?format=csv&action=audit.exported", nil).is(200)
	require.Equal(t, "text/csv; charset=utf-8", got.header.Get("Content-Type"))
	rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Empty(t, v.call("GET", logOf(of)+"/export?format=ndjson&actor=nobody", nil).is(200).body)
	before2 := len(o.events(of, audit.AuditExported))
	head, err := http.NewRequestWithContext(t.Context(), http.MethodHead, o.url+logOf(of)+"/export?format=csv", nil)
	require.NoError(t, err)
	head.AddCookie(&http.Cookie{Name: "__Host-stoa", Value: v.cookie})
	answered, err := patient.Do(head)
	require.NoError(t, err)
	require.NoError(t, answered.Body.Close())
	require.Equal(t, 200, answered.StatusCode)
	require.Len(t, o.events(of, audit.AuditExported), before2, "a HEAD takes nothing out")
}

func TestStreamsKeepTheirSecrets(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	v := o.as(of, auditor)
	streams := logOf(of) + "/streams"
	const body = `{"name":"SIEM","kind":"webhook","url":"https://siem.example.com/in/T0KEN?k=S3CRET","fromStart":true}`
	made := v.call("POST", streams, body, "Idempotency-Key", "one").is(201)
	issued := read[apiv1.IssuedStream](made)
	require.True(t, strings.HasPrefix(issued.Secret, "whsec_"))
	again := v.call("POST", streams, body, "Idempotency-Key", "one").is(201)
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	require.Equal(t, issued.Stream.ID, read[apiv1.IssuedStream](again).Stream.ID)
	require.Empty(t, read[apiv1.IssuedStream](again).Secret)
	one := streams + "/" + issued.Stream.ID
	hidden := func(a answer) answer {
		t.Helper()
		for _, s := range []string{issued.Secret, "T0KEN", "S3CRET"} {
			require.NotContains(t, string(a.body), s)
		}
		return a
	}
	hidden(again)
	tag := hidden(v.call("GET", one, nil).is(200)).header.Get("Etag")
	require.Equal(t, made.header.Get("Etag"), tag)
	v.call("PATCH", one, `{"status":"paused"}`).is(428)
	paused := hidden(v.call("PATCH", one, map[string]any{"status": "paused", "url": issued.Stream.URL}, "If-Match", tag).is(200))
	require.Equal(t, apiv1.StreamStatusPaused, read[apiv1.Stream](paused).Status)
	v.call("PATCH", one, `{"status":"active"}`, "If-Match", tag).is(412)
	o.in(of.ID, func(tx *postgres.Tx) error { // the address that was shown is not the one that is kept
		all, err := audit.ListStreams(tx)
		require.Equal(t, "https://siem.example.com/in/T0KEN?k=S3CRET", all[0].Address)
		return err
	})
	rotated := read[apiv1.IssuedStream](v.call("POST", one+"/rotate", nil).is(200))
	require.NotEqual(t, issued.Secret, rotated.Secret)

	syslog := read[apiv1.IssuedStream](v.call("POST", streams, `{"name":"Log","kind":"syslog","url":"syslog+tls://siem.example.com:6514"}`).is(201))
	require.Equal(t, "syslog+tls://siem.example.com:6514", syslog.Stream.URL)
	require.Empty(t, syslog.Secret)
	v.call("POST", streams+"/"+syslog.Stream.ID+"/rotate", nil).is(409)
	for body, place := range map[string]string{
		`{"name":"X","kind":"webhook","url":"http://siem.example.com"}`: "/url", `{"name":"X","kind":"syslog","url":"siem.example.com:6514"}`: "/url",
		`{"name":"X","kind":"pigeon","url":"https://siem.example.com"}`: "/kind", `{"kind":"webhook","url":"https://siem.example.com"}`: "/name",
		`{"name":"X","kind":"webhook","url":"https://siem.example.com","authority":"no certificate"}`: "/authority",
	} {
		require.Equal(t, place, v.call("POST", streams, body).is(400).problem().Violations[0].Path, body)
	}
	first := read[apiv1.StreamPage](hidden(v.call("GET", streams+"?limit=1", nil).is(200)))
	require.Len(t, first.Items, 1)
	second := read[apiv1.StreamPage](v.call("GET", streams+"?limit=1&after="+first.Next, nil).is(200))
	require.Len(t, second.Items, 1)
	require.Empty(t, second.Next)
	require.NotEqual(t, first.Items[0].ID, second.Items[0].ID)
	require.Equal(t, "?after", v.call("GET", streams+"?after=zzzzzzzz", nil).is(400).problem().Violations[0].Path)
	v.call("DELETE", one, nil, "If-Match", "*").is(204)
	v.call("GET", one, nil).is(404)
	hidden(o.as(of, admin).call("GET", logOf(of), nil).is(200))
}
