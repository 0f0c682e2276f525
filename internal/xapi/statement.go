package xapi

import (
	"time"

	"github.com/google/uuid"
)

// Limits bound what Decode does for one request. A zero field is its default.
type Limits struct {
	Statements int // in one batch; default 1000
	Depth      int // of nesting inside one statement, extensions included; default 64
	Values     int // JSON values in one statement: objects, arrays, strings, numbers and so on; default 262,144
	Violations int // reported at most; default 100
}

const (
	defaultStatements = 1000
	defaultDepth      = 64
	defaultValues     = 1 << 18 // of 44 bytes each, see node
	defaultViolations = 100
)

// orDefaults returns l with every field set.
func (l Limits) orDefaults() Limits {
	if l.Statements <= 0 {
		l.Statements = defaultStatements
	}
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Values <= 0 {
		l.Values = defaultValues
	}
	if l.Violations <= 0 {
		l.Violations = defaultViolations
	}
	return l
}

// Batch is the body of one statements request.
type Batch struct {
	Statements []Statement
	Array      bool // the body was an array, also of one statement or none
}

// Statement is one valid statement, indexed. All strings are decoded: they say
// what the JSON says, without its escapes.
type Statement struct {
	ID   uuid.UUID // Nil: the client sent none
	Text []byte    // the client's JSON text as it is stored: see text.go
	Hash [16]byte  // equal for statements that are the same: see hash.go

	Timestamp    time.Time // UTC, truncated to nanoseconds; zero: none sent
	Actor        string    // identity, see agent.go; "" for an anonymous group
	Verb         string    // IRI
	Activity     string    // IRI when the object is an Activity, else ""
	Registration uuid.UUID // Nil: none
	Duration     int64     // result.duration in milliseconds, -1: none; see duration.go
	Scaled       *float64  // result.score.scaled
	Success      *bool     // result.success
	Completion   *bool     // result.completion
	Module       string    // activity IRI for reports, "" none; see terms.go
	Course       string    // activity IRI for reports, "" none; see terms.go

	// Terms is what filters match besides Actor, Verb, Activity and
	// Registration; sorted, without duplicates and without what those say.
	Terms []Term

	Target uuid.UUID // the statement that a StatementRef object names; Nil: none
	Voids  bool      // the verb is voided, so Target is the statement to void

	Attachments []Attachment // those of a SubStatement come first
	Definitions []Definition // those in the object come first; share memory with the decoded body
}

// Term is one more value by which filters find a statement.
type Term struct {
	Kind  TermKind
	Value string // the identity of an agent or the IRI of an activity
}

// TermKind says which filter matches a Term.
type TermKind uint8

const (
	// TermAgent is an identity that ?agent= matches: an Agent or Group that is
	// the object, and the members of a Group that is the actor or the object.
	TermAgent TermKind = iota + 1
	// TermRelatedAgent is an identity that ?agent= matches with related_agents
	// only: instructor, team, contextAgents, contextGroups, the members of all
	// of them, and every agent in a SubStatement.
	TermRelatedAgent
	// TermRelatedActivity is an IRI that ?activity= matches with
	// related_activities only: contextActivities, and the object and
	// contextActivities of a SubStatement.
	TermRelatedActivity
)

// Attachment is the head of an attachment: what says which part holds it.
type Attachment struct {
	SHA2        string // lowercase hex
	FileURL     string // "" none
	ContentType string
	UsageType   string // IRI
	Length      int64  // octets
}

// Definition is what a statement says about an activity.
type Definition struct {
	IRI  string // of the activity
	JSON []byte // the definition, a JSON object as the client wrote it
}
