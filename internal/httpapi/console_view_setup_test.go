package httpapi_test

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func init() { // lines of JSON are text to whoever checks the description
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.RegisteredBodyDecoder("text/plain"))
}

const adaDid = `{"actor":{"mbox":"mailto:ada@example.org","name":"Ada"},"verb":{"id":"http://example.org/did"},
	"object":{"id":"http://example.org/a"},"context":{"registration":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0002"}}`

// patient waits for long answers, not for ever.
var patient = &http.Client{Timeout: time.Minute}

// writer is a key of the store main that may write everything.
func (o *office) writer(of *tenant.Tenant) *visitor {
	o.t.Helper()
	v := &visitor{o: o}
	scopes, err := authz.ParseScopes([]string{"all"})
	require.NoError(o.t, err)
	o.in(of.ID, func(tx *postgres.Tx) error {
		s, err := tenant.GetStore(tx, "main")
		if err != nil {
			return err
		}
		k, plain, err := tenant.CreateKey(tx, o.peppers, tenant.NewKey{Store: s.ID, Name: "Writer", Scopes: scopes, HomePage: "https://lrs.example.com"}, time.Now())
		if err != nil {
			return err
		}
		v.user, v.password = k.User, plain.Reveal()
		return nil
	})
	return v
}

// xapi is a request of a key.
func (v *visitor) xapi(method, path, contentType, body string) []byte {
	v.o.t.Helper()
	req, err := http.NewRequestWithContext(v.o.t.Context(), method, v.o.url+"/xapi/"+path, strings.NewReader(body))
	require.NoError(v.o.t, err)
	req.SetBasicAuth(v.user, v.password)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Experience-API-Version", "2.0.0")
	res, err := patient.Do(req)
	require.NoError(v.o.t, err)
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	require.NoError(v.o.t, err)
	require.Less(v.o.t, res.StatusCode, 300, "%s", content)
	return content
}

// statements stores some in the store main of a tenant, and returns their ids.
func (o *office) statements(of *tenant.Tenant, texts ...string) (ids []string) {
	o.t.Helper()
	var key *tenant.Key
	user := o.writer(of).user
	o.in(of.ID, func(tx *postgres.Tx) (err error) {
		key, err = tenant.GetKey(tx, user)
		return err
	})
	authority, err := xapi.ParseAgentParam([]byte(key.Authority), xapi.V2)
	require.NoError(o.t, err)
	batch, err := xapi.Decode([]byte("["+strings.Join(texts, ",")+"]"), xapi.V2, xapi.Limits{})
	require.NoError(o.t, err)
	stored, err := o.record.Commit(o.t.Context(), lrs.Write{Batch: batch, Author: lrs.Author{
		Tenant: of.ID, Store: key.StoreID, Key: key.ID, Authority: []byte(key.Authority), Identity: authority.Identity,
	}})
	require.NoError(o.t, err)
	for _, id := range stored {
		ids = append(ids, id.String())
	}
	return ids
}

// events are those of a tenant's log, newest first.
func (o *office) events(of *tenant.Tenant, types ...audit.Type) (lines []audit.Line) {
	o.t.Helper()
	o.in(of.ID, func(tx *postgres.Tx) (err error) {
		lines, _, err = audit.List(tx, audit.Filter{Types: types}, audit.Page{Limit: 1000})
		return err
	})
	return lines
}

// auditStream makes one, which the test may use up.
func (o *office) auditStream(of *tenant.Tenant) string {
	o.t.Helper()
	var stream int64
	o.in(of.ID, func(tx *postgres.Tx) error {
		if _, err := tx.Exec(tx.Context(), `delete from audit_streams where tenant_id = $1`, of.ID); err != nil { // there may be 20
			return err
		}
		s, _, err := audit.CreateStream(tx, o.ring, audit.StreamConfig{Name: "SIEM", Kind: audit.Webhook, Address: "https://siem.example.com/in/T0KEN?k=S3CRET", Enabled: true})
		if err == nil {
			stream = s.ID
		}
		return err
	})
	return id.Text(stream)
}

// seal seals everything that is in the logs.
func (o *office) seal() {
	o.t.Helper()
	s := audit.NewSealer(audit.SealerConfig{Sealer: o.database.OpenSealer(o.t), DB: o.db, Signer: o.ring, Late: time.Microsecond})
	require.NoError(o.t, s.Round(o.t.Context()))
}
