package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5"
)

// Signer signs seals, and checks signatures of keys that it knows, also older ones.
type Signer interface {
	Sign(data []byte) (keyID string, sig []byte, err error)
	Verifier
}

// Verifier checks signatures. A signature that is not that key's is
// fault.Invalid; fault.Unavailable says that it cannot be told now; every other
// error is a key that is not known.
type Verifier interface {
	Verify(keyID string, data, sig []byte) error
}

// sealMax is how many events a seal covers at most.
const sealMax = 4096

// SealKind says what a seal is in the chain for.
type SealKind string

// The kinds of seal.
const (
	SealEvents SealKind = "events" // covers events
	SealPolicy SealKind = "policy" // says how long events are kept from now on
	SealExpiry SealKind = "expiry" // says that the events of the seals up to Expires are deleted, by the policy
)

// Header is what is signed of a seal.
type Header struct {
	Tenant   int64     `json:"tenant"`
	Number   int64     `json:"number"` // from 1, without a gap
	Kind     SealKind  `json:"kind"`
	At       time.Time `json:"at"`
	Count    int       `json:"count"`   // events that it covers
	Total    int64     `json:"total"`   // and all seals up to it
	Last     int64     `json:"last"`    // the greatest event id in those
	Settled  int64     `json:"settled"` // no event up to this id is in a later seal
	Newest   time.Time `json:"newest"`  // the greatest time in the seals up to it
	Days     int       `json:"days"`
	Expires  int64     `json:"expires"`
	Events   hash      `json:"events"` // SHA-256 of the ids, 8 bytes each, big-endian
	Root     hash      `json:"root"`
	Previous hash      `json:"previous"` // hash of the seal before; zeros for the first
}

// encode returns the canonical encoding of h: a title, then every field in
// order; numbers in 8 bytes, big-endian, times in microseconds since 1970, the
// kind after its length in 4 bytes, hashes as they are.
func (h *Header) encode() []byte {
	b := []byte("stoa/audit/seal/1\n")
	number := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) }
	number(h.Tenant)
	number(h.Number)
	b = appendText(b, string(h.Kind))
	number(h.At.UnixMicro())
	number(int64(h.Count))
	number(h.Total)
	number(h.Last)
	number(h.Settled)
	number(h.Newest.UnixMicro())
	number(int64(h.Days))
	number(h.Expires)
	b = append(b, h.Events[:]...)
	b = append(b, h.Root[:]...)
	return append(b, h.Previous[:]...)
}

func appendText(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	return append(b, text...)
}

// Seal is a signed header.
type Seal struct {
	Header
	Key       string `json:"key"`
	Signature []byte `json:"signature"` // Ed25519, of the header's encoding
}

// hash is what the next seal has as its previous: of the whole seal.
func (s *Seal) hash() hash {
	b := appendText([]byte{2}, string(s.encode()))
	b = appendText(b, s.Key)
	return sha256.Sum256(appendText(b, string(s.Signature)))
}

// link is a seal as the table has it.
type link struct {
	Seal
	ids    []int64
	leaves []byte
}

func (l *link) hashes() []hash {
	all := make([]hash, len(l.leaves)/sha256.Size)
	for i := range all {
		copy(all[i][:], l.leaves[i*sha256.Size:])
	}
	return all
}

func hashIDs(ids []int64) hash {
	b := make([]byte, 0, 8*len(ids))
	for _, n := range ids {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return sha256.Sum256(b)
}

const sealColumns = `tenant_id, number, kind, at, events, leaves, total, last, settled, newest, days, expires, root, previous, key_id, signature`

func scanSeal(row pgx.CollectableRow) (l link, err error) {
	var root, previous []byte
	err = row.Scan(&l.Tenant, &l.Number, &l.Kind, &l.At, &l.ids, &l.leaves, &l.Total, &l.Last, &l.Settled, &l.Newest, &l.Days, &l.Expires,
		&root, &previous, &l.Key, &l.Signature)
	copy(l.Root[:], root)
	copy(l.Previous[:], previous)
	l.Count, l.Events = len(l.ids), hashIDs(l.ids)
	return l, err
}
