package audit

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/outbound"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// StreamKind says how events are sent.
type StreamKind string

// The kinds of stream.
const (
	Webhook StreamKind = "webhook" // POST, signed as by www.standardwebhooks.com
	Syslog  StreamKind = "syslog"  // RFC 5424 over TLS (RFC 5425)
)

// Cipher keeps secrets, bound to a tenant and a column (package keyring).
type Cipher interface {
	Encrypt(tenant int64, column string, plain []byte) ([]byte, error)
	Decrypt(tenant int64, column string, cipher []byte) ([]byte, error)
}

const secretColumn = "audit_streams.secret"

// Stream is where a tenant's log is sent as it grows.
type Stream struct {
	ID          int64
	Name        string
	Kind        StreamKind
	Address     string // https://… of a webhook, host:port of a syslog server
	Authority   string // PEM of the certificate authority of the server; "" those of the system
	Enabled     bool
	CreatedAt   time.Time
	Version     int64
	DeliveredAt *time.Time // last success; nil: none
	FailedAt    *time.Time // last failure since then; nil: none
	Error       string     // of it, without anything secret
	Failures    int        // since the last success
	Lag         int64      // events that are sealed and not delivered
}

// StreamConfig is what can be set of a stream.
type StreamConfig struct {
	Name      string
	Kind      StreamKind // fixed once the stream is there
	Address   string
	Authority string
	Enabled   bool
	FromStart bool // when it is created: also send what the log has already
}

// streamsMax is how many streams a tenant may have.
const streamsMax = 20

func (c *StreamConfig) check() error {
	switch {
	case c.Name == "" || len(c.Name) > 200:
		return fault.New(fault.Invalid, "a name has 1 to 200 characters")
	case len(c.Address) > 1000:
		return fault.New(fault.Invalid, "the address is longer than 1000 bytes")
	}
	switch c.Kind {
	case Webhook:
		u, err := url.Parse(c.Address)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
			return fault.New(fault.Invalid, "the address of a webhook is an https URL without user, password or fragment")
		}
	case Syslog:
		host, port, err := net.SplitHostPort(c.Address)
		if err != nil || host == "" || port == "" {
			return fault.New(fault.Invalid, "the address of a syslog server is host:port, such as siem.example.com:6514")
		}
		if _, err := net.LookupPort("tcp", port); err != nil {
			return fault.New(fault.Invalid, "the address of a syslog server has a port from 1 to 65535")
		}
	default:
		return fault.New(fault.Invalid, "%.20q is no kind of stream: webhook or syslog", string(c.Kind))
	}
	if c.Authority != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(c.Authority)) || len(c.Authority) > 64<<10 {
		return fault.New(fault.Invalid, "the authority is no PEM of certificates")
	}
	return nil
}

// record is the stream as the log tells of it: an address may carry a token, so only its host.
func (c *StreamConfig) record() map[string]any {
	host := c.Address
	if u, err := url.Parse(c.Address); err == nil && c.Kind == Webhook {
		host = u.Host
	}
	return map[string]any{"name": c.Name, "kind": c.Kind, "host": host, "enabled": c.Enabled, "authority": c.Authority != ""}
}

const streamColumns = `id, name, kind, address, authority, enabled, created_at, version, delivered_at, failed_at, error, failures,
	greatest(coalesce((select total from audit_seals l where l.tenant_id = s.tenant_id order by number desc limit 1), 0)
		- coalesce((select total from audit_seals l where l.tenant_id = s.tenant_id and number = s.seal), 0) - s.position, 0)`

func scanStream(row pgx.CollectableRow) (s Stream, err error) {
	err = row.Scan(&s.ID, &s.Name, &s.Kind, &s.Address, &s.Authority, &s.Enabled, &s.CreatedAt, &s.Version,
		&s.DeliveredAt, &s.FailedAt, &s.Error, &s.Failures, &s.Lag)
	return s, err
}

// ListStreams returns the streams of a tenant, of which there are few, by name.
func ListStreams(tx *postgres.Tx) ([]Stream, error) {
	rows, err := tx.Query(tx.Context(), `select `+streamColumns+` from audit_streams s where tenant_id = $1 order by name, id`, tx.TenantID())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanStream)
}

// GetStream returns one stream, or NotFound.
func GetStream(tx *postgres.Tx, stream int64) (*Stream, error) {
	rows, err := tx.Query(tx.Context(), `select `+streamColumns+` from audit_streams s where tenant_id = $1 and id = $2`, tx.TenantID(), stream)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, scanStream)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "there is no such stream")
	}
	return &all[0], nil
}

// CreateStream adds a stream and returns it with the secret that signs a
// webhook, which is shown this once; the zero secret for syslog. Invalid: the
// configuration; Conflict: there are too many.
func CreateStream(tx *postgres.Tx, cipher Cipher, c StreamConfig) (*Stream, secret.Text, error) {
	var none secret.Text
	if err := c.check(); err != nil {
		return nil, none, err
	}
	var n int
	if err := tx.QueryRow(tx.Context(), `select count(*) from audit_streams where tenant_id = $1`, tx.TenantID()).Scan(&n); err != nil {
		return nil, none, err
	}
	if n >= streamsMax {
		return nil, none, fault.New(fault.Conflict, "there are %d streams already", n)
	}
	plain, sealed, err := newSecret(tx.TenantID(), cipher, c.Kind)
	if err != nil {
		return nil, none, err
	}
	stream := id.New()
	_, err = tx.Exec(tx.Context(), `insert into audit_streams (tenant_id, id, name, kind, address, authority, secret, enabled, seal)
		values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9 then 0
			else coalesce((select number from audit_seals where tenant_id = $1 order by number desc limit 1), 0) end)`,
		tx.TenantID(), stream, c.Name, c.Kind, c.Address, c.Authority, sealed, c.Enabled, c.FromStart)
	if err != nil {
		return nil, none, err
	}
	if err := recordStream(tx, stream, "created", nil, &c); err != nil {
		return nil, none, err
	}
	s, err := GetStream(tx, stream)
	return s, plain, err
}

// newSecret makes what signs a webhook: 256 bits in the form of Standard Webhooks.
func newSecret(tenant int64, cipher Cipher, kind StreamKind) (plain secret.Text, sealed []byte, err error) {
	if kind != Webhook {
		return plain, nil, nil
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	sealed, err = cipher.Encrypt(tenant, secretColumn, key[:])
	return secret.New("whsec_" + base64.StdEncoding.EncodeToString(key[:])), sealed, err
}

// UpdateStream changes everything but the kind, and lets a stream that failed
// be tried at once. Version is that of the stream that was read.
// PreconditionFailed: it has changed since; NotFound; Invalid.
func UpdateStream(tx *postgres.Tx, stream, version int64, c StreamConfig) (*Stream, error) {
	before, err := GetStream(tx, stream)
	if err != nil {
		return nil, err
	}
	if c.Kind == "" {
		c.Kind = before.Kind
	}
	if c.Kind != before.Kind {
		return nil, fault.New(fault.Invalid, "the kind of a stream cannot be changed; make another")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	n, err := tx.Exec(tx.Context(), `update audit_streams set name = $4, address = $5, authority = $6, enabled = $7, version = version + 1,
		next_at = clock_timestamp(), failures = 0 where tenant_id = $1 and id = $2 and version = $3`,
		tx.TenantID(), stream, version, c.Name, c.Address, c.Authority, c.Enabled)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fault.New(fault.PreconditionFailed, "the stream has been changed since it was read")
	}
	was := StreamConfig{Name: before.Name, Kind: before.Kind, Address: before.Address, Authority: before.Authority, Enabled: before.Enabled}
	if err := recordStream(tx, stream, "changed", &was, &c); err != nil {
		return nil, err
	}
	return GetStream(tx, stream)
}

// RotateStreamSecret gives a webhook a new secret at once and returns it, this
// once. NotFound; Invalid: it is no webhook.
func RotateStreamSecret(tx *postgres.Tx, cipher Cipher, stream int64) (plain secret.Text, err error) {
	s, err := GetStream(tx, stream)
	if err != nil {
		return plain, err
	}
	if s.Kind != Webhook {
		return plain, fault.New(fault.Invalid, "only a webhook has a secret")
	}
	plain, sealed, err := newSecret(tx.TenantID(), cipher, s.Kind)
	if err != nil {
		return plain, err
	}
	if _, err := tx.Exec(tx.Context(), `update audit_streams set secret = $3, version = version + 1 where tenant_id = $1 and id = $2`,
		tx.TenantID(), stream, sealed); err != nil {
		return plain, err
	}
	return plain, Record(tx, Event{Type: AuditStreamChanged, Target: Target{"audit_stream", id.Text(stream), s.Name}, Details: map[string]any{"change": "secret rotated"}})
}

// DeleteStream ends a stream; what it has not sent is not sent. NotFound.
// Version 0 is any version, else as for UpdateStream.
func DeleteStream(tx *postgres.Tx, stream, version int64) error {
	before, err := GetStream(tx, stream)
	if err != nil {
		return err
	}
	n, err := tx.Exec(tx.Context(), `delete from audit_streams where tenant_id = $1 and id = $2 and ($3 = 0 or version = $3)`, tx.TenantID(), stream, version)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.PreconditionFailed, "the stream has been changed since it was read")
	}
	was := StreamConfig{Name: before.Name, Kind: before.Kind, Address: before.Address, Authority: before.Authority, Enabled: before.Enabled}
	return recordStream(tx, stream, "deleted", &was, nil)
}

func recordStream(tx *postgres.Tx, stream int64, change string, before, after *StreamConfig) error {
	e := Event{Type: AuditStreamChanged, Target: Target{Kind: "audit_stream", ID: id.Text(stream)}, Details: map[string]any{"change": change}}
	if before != nil {
		e.Before, e.Target.Name = before.record(), before.Name
	}
	if after != nil {
		e.After, e.Target.Name = after.record(), after.Name
	}
	return Record(tx, e)
}

// plainError is what a stream's owner is told of a failure: nothing of the
// URL's path or query, not which address a name has inside, and nothing long.
func plainError(ctx context.Context, err error, address string) string {
	switch {
	case errors.Is(err, outbound.ErrPrivate):
		return outbound.ErrPrivate.Error()
	case ctx.Err() != nil:
		return "no answer in time"
	}
	text := err.Error()
	if outer, ok := errors.AsType[*url.Error](err); ok {
		text = outer.Err.Error()
	}
	if inner, ok := errors.AsType[*net.OpError](err); ok {
		text = inner.Op + ": " + inner.Err.Error()
	}
	if u, parsed := url.Parse(address); parsed == nil && u.Host != "" {
		for _, part := range []string{address, u.RequestURI(), u.Path, u.RawQuery} {
			if len(part) > 1 {
				text = strings.ReplaceAll(text, part, "…")
			}
		}
	}
	return clean(text, 300)
}
