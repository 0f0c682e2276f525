package lrs

import (
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// row is one statement ready to be inserted: everything but its stored time.
type row struct {
	tenant, store, key  int64
	id                  uuid.UUID
	hash                [16]byte
	verb                int64
	actor, activity     *int64
	registration        *int64
	module, course      *int64
	timestamp           *time.Time
	duration            *int64
	scaled              *float32
	success, completion *bool
	payload             []byte
	postings            []int64 // keys of the posting lists it belongs to
	target              uuid.UUID
	voids               bool
}

func newRow(a Author, s *xapi.Statement) row {
	r := row{
		tenant: a.Tenant, store: a.Store, key: a.Key,
		id: s.ID, hash: s.Hash,
		verb:         hashKey(a.Store, kindVerb, s.Verb),
		actor:        columnKey(a.Store, kindActor, s.Actor),
		activity:     columnKey(a.Store, kindActivity, s.Activity),
		registration: registrationKey(a.Store, s.Registration),
		module:       columnKey(a.Store, kindActivity, s.Module),
		course:       columnKey(a.Store, kindActivity, s.Course),
		success:      s.Success, completion: s.Completion,
		payload: compress(s.Text),
		target:  s.Target, voids: s.Voids,
	}
	if !s.Timestamp.IsZero() {
		r.timestamp = &s.Timestamp
	}
	if s.Duration >= 0 {
		r.duration = &s.Duration
	}
	if s.Scaled != nil {
		scaled := float32(math.Max(-1, math.Min(1, *s.Scaled)))
		r.scaled = &scaled
	}
	r.postings = make([]int64, 0, len(s.Terms)+1)
	r.postings = postingKeys(r.postings, a.Store, s)
	r.postings = append(r.postings, hashKey(a.Store, kindRelatedAgent, a.Identity))
	return r
}
