package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/id"
)

// Line is an event as it stands in the log.
type Line struct {
	Tenant    int64
	ID        int64
	At        time.Time // UTC, microseconds
	Actor     Actor
	Type      Type
	Target    Target
	Outcome   Outcome
	Address   string
	UserAgent string
	Session   string
	RequestID string
	Details   string // JSON
}

// lineView is a Line as JSON.
type lineView struct {
	ID        string          `json:"id"` // see package id
	At        time.Time       `json:"at"`
	Actor     Actor           `json:"actor"`
	Type      Type            `json:"type"`
	Target    Target          `json:"target"`
	Outcome   Outcome         `json:"outcome"`
	Address   string          `json:"address"`
	UserAgent string          `json:"user_agent"`
	Session   string          `json:"session"`
	RequestID string          `json:"request_id"`
	Details   json.RawMessage `json:"details"`
}

// MarshalJSON gives the line without its tenant, with its id as text and its
// details as the JSON that they are.
func (l Line) MarshalJSON() ([]byte, error) {
	details := json.RawMessage(l.Details)
	if !json.Valid(details) { // somebody has changed it; verifying says so
		text, err := json.Marshal(l.Details)
		if err != nil {
			return nil, err
		}
		details = text
	}
	return json.Marshal(lineView{
		idText(l.ID), l.At, l.Actor, l.Type, l.Target, l.Outcome, l.Address, l.UserAgent, l.Session, l.RequestID, details,
	})
}

// columns are all of a line's, for scanLine. Who adds a column adds it to encode.
const columns = `tenant_id, id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name,
	outcome, address, user_agent, session, request_id, details`

func scanLine(row pgx.CollectableRow) (l Line, err error) {
	err = row.Scan(&l.Tenant, &l.ID, &l.At, &l.Actor.Kind, &l.Actor.ID, &l.Actor.Name, &l.Type, &l.Target.Kind, &l.Target.ID, &l.Target.Name,
		&l.Outcome, &l.Address, &l.UserAgent, &l.Session, &l.RequestID, &l.Details)
	return l, err
}

// encode appends the canonical encoding of every column: a title, three
// numbers of 8 bytes (big-endian; the time in microseconds since 1970), then each
// text after its length in 4 bytes. No two different lines have the same.
func (l *Line) encode(b []byte) []byte {
	b = append(b, "stoa/audit/event/1\n"...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.Tenant))
	b = binary.BigEndian.AppendUint64(b, uint64(l.ID))
	b = binary.BigEndian.AppendUint64(b, uint64(l.At.UnixMicro()))
	for _, text := range [...]string{
		string(l.Actor.Kind), l.Actor.ID, l.Actor.Name, string(l.Type), l.Target.Kind, l.Target.ID, l.Target.Name,
		string(l.Outcome), l.Address, l.UserAgent, l.Session, l.RequestID, l.Details,
	} {
		b = appendText(b, text)
	}
	return b
}

// Leaf returns the canonical encoding of l, whose hash is a leaf of a seal's tree.
func (l *Line) Leaf() []byte { return l.encode(nil) }

// hashLeaf returns the hash of a leaf (RFC 6962, 2.1).
func hashLeaf(leaf []byte) hash {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(leaf)
	return hash(h.Sum(nil))
}

// Ref is the line's id as the API and people have it.
func (l Line) Ref() string { return idText(l.ID) }

func idText(n int64) string { return id.Text(n) }
