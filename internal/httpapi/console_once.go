package httpapi

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// created is what a create answers.
type created struct {
	version int64 // 0: it has no ETag
	model   any
	kept    any // what a replay answers: the model without its secret; nil: the model
}

// once runs fn in a transaction of the tenant of x and answers status with what
// it made. With an Idempotency-Key it runs fn for the first request only: the
// same request again, also at the same moment, gets the first one's answer, and
// another request with the same key a Conflict. What is kept, is so for a day,
// in the transaction of fn.
func (x *exchange) once(status int, body []byte, fn func(*postgres.Tx) (created, error)) error {
	key := x.request.Header.Get("Idempotency-Key")
	var made created
	var replay []byte
	err := x.change(func(tx *postgres.Tx) (err error) {
		replay = nil
		if key == "" {
			made, err = fn(tx)
			return err
		}
		fingerprint := x.fingerprint(body)
		first, err := claim(tx, x.caller.person.Subject(), key, fingerprint)
		if err != nil {
			return err
		}
		if !first {
			status, replay, err = earlier(tx, x.caller.person.Subject(), key, fingerprint)
			return err
		}
		if made, err = fn(tx); err != nil {
			return err
		}
		kept := made.kept
		if kept == nil {
			kept = made.model
		}
		text, err := json.Marshal(kept, json.Deterministic(true), jsontext.EscapeForHTML(true))
		if err != nil {
			return err
		}
		_, err = tx.Exec(tx.Context(), `update idempotency set status = $4, body = $5 where tenant_id = $1 and actor = $2 and key = $3`,
			tx.TenantID(), x.caller.person.Subject(), key, status, string(text))
		return err
	})
	switch {
	case err != nil:
		return err
	case replay != nil:
		x.Header().Set("Idempotent-Replayed", "true")
		x.send(status, "application/json", replay)
		return nil
	case made.version > 0:
		return x.answerVersion(status, made.version, made.model)
	}
	return x.answer(status, made.model)
}

// fingerprint tells one request from another.
func (x *exchange) fingerprint(body []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s?%s\n", x.request.Method, x.request.URL.EscapedPath(), x.query.Encode())
	h.Write(body)
	return h.Sum(nil)
}

// claim takes the key for this request; false: another one has had it within a
// day. Who comes while that one is under way waits here for its end. Keys that
// are over are forgotten on the way.
func claim(tx *postgres.Tx, actor, key string, fingerprint []byte) (bool, error) {
	if _, err := tx.Exec(tx.Context(), `delete from idempotency where ctid = any (array(select ctid from idempotency
		where tenant_id = $1 and created_at < now() - interval '1 day' order by created_at limit 100 for update skip locked))`,
		tx.TenantID()); err != nil {
		return false, err
	}
	n, err := tx.Exec(tx.Context(), `insert into idempotency (tenant_id, actor, key, fingerprint, status, body) values ($1, $2, $3, $4, 0, '')
		on conflict (tenant_id, actor, key) do update set fingerprint = excluded.fingerprint, status = 0, body = '', created_at = now()
		where idempotency.created_at < now() - interval '1 day'`, tx.TenantID(), actor, key, fingerprint)
	return n == 1, err
}

// earlier reads the answer that the key has had.
func earlier(tx *postgres.Tx, actor, key string, fingerprint []byte) (status int, body []byte, err error) {
	var was []byte
	var text string
	err = tx.QueryRow(tx.Context(), `select fingerprint, status, body from idempotency where tenant_id = $1 and actor = $2 and key = $3`,
		tx.TenantID(), actor, key).Scan(&was, &status, &text)
	switch {
	case err != nil:
		return 0, nil, err
	case !bytes.Equal(was, fingerprint):
		return 0, nil, fault.New(fault.Conflict, "this Idempotency-Key has been used for another request")
	case status < http.StatusOK:
		return 0, nil, fault.New(fault.Internal, "an answer that was not kept")
	}
	return status, []byte(text), nil
}
