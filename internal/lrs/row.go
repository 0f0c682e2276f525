package lrs

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// row is one statement ready to be inserted: everything but its stored time.
type row struct {
	tenant, store, key                            int64
	id                                            uuid.UUID
	hash                                          [16]byte
	verb                                          int64
	actor, activity, registration, module, course pgtype.Int8
	timestamp                                     pgtype.Timestamptz
	duration                                      pgtype.Int8 // ms
	scaled                                        pgtype.Float4
	success, completion                           pgtype.Bool
	dict                                          *dictionary
	payload                                       []byte
	postings                                      []int64 // keys of the posting lists it belongs to
	target                                        uuid.UUID
	voids                                         bool
}

func newRow(a Author, d *dictionary, s *xapi.Statement) row {
	r := row{
		tenant: a.Tenant, store: a.Store, key: a.Key,
		id: s.ID, hash: s.Hash,
		verb:         hashKey(a.Store, kindVerb, s.Verb),
		actor:        columnKey(a.Store, kindActor, s.Actor),
		activity:     columnKey(a.Store, kindActivity, s.Activity),
		registration: registrationKey(a.Store, s.Registration),
		module:       columnKey(a.Store, kindActivity, s.Module),
		course:       columnKey(a.Store, kindActivity, s.Course),
		dict:         d,
		payload:      d.compress(s.Text),
		target:       s.Target, voids: s.Voids,
	}
	if !s.Timestamp.IsZero() {
		r.timestamp = pgtype.Timestamptz{Time: s.Timestamp, Valid: true}
	}
	if s.Duration >= 0 {
		r.duration = int8Of(s.Duration)
	}
	if s.Scaled != nil {
		r.scaled = pgtype.Float4{Float32: float32(*s.Scaled), Valid: true}
	}
	if s.Success != nil {
		r.success = pgtype.Bool{Bool: *s.Success, Valid: true}
	}
	if s.Completion != nil {
		r.completion = pgtype.Bool{Bool: *s.Completion, Valid: true}
	}
	r.postings = make([]int64, 0, len(s.Terms)+4)
	r.postings = postingKeys(r.postings, a.Store, s)
	r.postings = append(r.postings, r.verb, hashKey(a.Store, kindRelatedAgent, a.Identity))
	if r.actor.Valid {
		r.postings = append(r.postings, r.actor.Int64)
	}
	if r.activity.Valid {
		r.postings = append(r.postings, r.activity.Int64)
	}
	return r
}
