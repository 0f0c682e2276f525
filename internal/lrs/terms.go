package lrs

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// A key is the 64-bit hash of (store, kind, value) that rows and posting lists
// carry in place of an IRI or an identity. Two values may share a key, so
// whatever a key finds is checked against the statement's text (recheck.go).
type kind byte

// Keys of columns.
const (
	kindActor        kind = 'A' // its statements are in posting lists, not in an index
	kindVerb         kind = 'V' // as above
	kindActivity     kind = 'O' // as above
	kindRegistration kind = 'R'
)

// Keys of posting lists.
const (
	kindAgent           kind = 'a'  // matched by agent: object, group members
	kindRelatedAgent    kind = 'b'  // matched by agent with related_agents; authority too
	kindRelatedActivity kind = 'c'  // matched by activity with related_activities
	kindVia             kind = 0x20 // added to another kind: matched through a reference
)

func hashKey(store int64, k kind, value string) int64 {
	var buf [256]byte // most values fit, and stay on the stack
	b := binary.BigEndian.AppendUint64(buf[:0], uint64(store))
	b = append(append(b, byte(k)), value...)
	return int64(xxhash.Sum64(b))
}

// columnKey is hashKey, null for no value.
func columnKey(store int64, k kind, value string) pgtype.Int8 {
	if value == "" {
		return pgtype.Int8{}
	}
	return int8Of(hashKey(store, k, value))
}

func registrationKey(store int64, id uuid.UUID) pgtype.Int8 {
	if id == uuid.Nil {
		return pgtype.Int8{}
	}
	return int8Of(hashKey(store, kindRegistration, string(id[:])))
}

// postingKeys appends the keys of the posting lists that s itself belongs to.
func postingKeys(dst []int64, store int64, s *xapi.Statement) []int64 {
	for _, t := range s.Terms {
		dst = append(dst, hashKey(store, postingKind(t.Kind), t.Value))
	}
	return dst
}

func postingKind(k xapi.TermKind) kind {
	switch k {
	case xapi.TermAgent:
		return kindAgent
	case xapi.TermRelatedAgent:
		return kindRelatedAgent
	default:
		return kindRelatedActivity
	}
}

// viaKeys appends the keys under which a statement that refers to s is found:
// whatever finds s finds it too (xAPI 1.0.3 Communication 2.1.4).
func viaKeys(dst []int64, store int64, s *xapi.Statement) []int64 {
	if s.Actor != "" {
		dst = append(dst, hashKey(store, kindAgent+kindVia, s.Actor))
	}
	dst = append(dst, hashKey(store, kindVerb+kindVia, s.Verb))
	if s.Activity != "" {
		dst = append(dst, hashKey(store, kindActivity+kindVia, s.Activity))
	}
	if s.Registration != uuid.Nil {
		dst = append(dst, hashKey(store, kindRegistration+kindVia, string(s.Registration[:])))
	}
	for _, t := range s.Terms {
		dst = append(dst, hashKey(store, postingKind(t.Kind)+kindVia, t.Value))
	}
	return dst
}
