package xapi

import "github.com/google/uuid"

var (
	statementNames = []string{
		"id", "actor", "verb", "object", "result", "context", "timestamp",
		"stored", "authority", "version", "attachments",
	}
	subStatementNames = []string{
		"objectType", "actor", "verb", "object", "result", "context",
		"timestamp", "attachments",
	}
)

// checkStatement validates and indexes the statement in hand.
func (d *decoder) checkStatement() {
	var actor, verb, object bool
	// The object comes first: what context may hold depends on it.
	if n := d.member(0, "object"); n >= 0 {
		d.about = d.checkObject(n, false)
		object = true
	}
	voids := false
	for n := int32(1); n < d.nodes[0].next; n = d.nodes[n].next {
		switch d.name(n) {
		case "id":
			d.checkID(n)
		case "actor":
			actor = true
			d.actor = d.checkAgent(n, agentOrGroup, 0, TermAgent)
		case "verb":
			verb = true
			d.verb, voids = d.checkVerb(n)
		case "object":
		case "result":
			d.checkResult(n, false)
		case "context":
			d.checkContext(n, d.about, false)
		case "timestamp":
			if at, ok := d.checkTimestamp(n, clauseTimestamp); ok {
				d.out.Timestamp = at.time
			}
		case "stored":
			d.checkTimestamp(n, clauseStored)
		case "authority":
			d.checkAuthority(n)
		case "version":
			d.checkVersion(n)
		case "attachments":
			d.checkAttachments(n)
		default:
			d.unknown(n, clauseFormat, "a statement", statementNames)
		}
	}
	d.required(0, "a statement", actor, verb, object)
	if voids {
		d.checkVoiding(0, d.about)
		d.out.Voids = d.about == objectReference
	}
}

// checkSubStatement validates a statement that is the object of another.
func (d *decoder) checkSubStatement(n int32) {
	var actor, verb, object, voids bool
	about := objectNone
	if o := d.member(n, "object"); o >= 0 {
		about = d.checkObject(o, true)
		object = true
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch name := d.name(m); name {
		case "objectType", "object":
		case "actor":
			actor = true
			d.checkAgent(m, agentOrGroup, TermRelatedAgent, TermRelatedAgent)
		case "verb":
			verb = true
			_, voids = d.checkVerb(m)
		case "result":
			d.checkResult(m, true)
		case "context":
			d.checkContext(m, about, true)
		case "timestamp":
			d.checkTimestamp(m, clauseTimestamp)
		case "attachments":
			d.checkAttachments(m)
		case "id", "stored", "version", "authority":
			d.fail(m, clauseReference, "a SubStatement must not have %q: leave it out", name)
		default:
			d.unknown(m, clauseFormat, "a SubStatement", subStatementNames)
		}
	}
	d.required(n, "a SubStatement", actor, verb, object)
	if voids {
		d.checkVoiding(n, about)
	}
}

func (d *decoder) required(n int32, what string, actor, verb, object bool) {
	if !actor {
		d.missing(n, clauseFormat, what, "actor")
	}
	if !verb {
		d.missing(n, clauseFormat, what, "verb")
	}
	if !object {
		d.missing(n, clauseFormat, what, "object")
	}
}

// checkVoiding wants the statement n, whose verb is voided, to be about a
// StatementRef.
func (d *decoder) checkVoiding(n int32, about objectKind) {
	if about != objectReference && about != objectNone {
		d.fail(d.member(n, "object"), clauseVoiding, "must be a StatementRef, because the verb is %s", VoidedVerb)
	}
}

func (d *decoder) checkID(n int32) {
	id, ok := d.checkUUID(n, clauseID)
	switch {
	case !ok:
	case id == uuid.Nil:
		d.fail(n, clauseID, "must not be the nil UUID: it names nothing")
	default:
		d.out.ID = id
		if first, ok := d.ids[id]; ok {
			d.fail(n, clauseID, "must not be the id of statement %d of this batch too: ids are unique", first)
		} else {
			if d.ids == nil {
				d.ids = make(map[uuid.UUID]int)
			}
			d.ids[id] = d.index
		}
	}
}

func (d *decoder) checkVersion(n int32) {
	if !d.want(n, '"', clauseVersion) {
		return
	}
	s := d.text(n)
	one := statementVersion(s, "1.0")
	switch {
	case d.version == V1 && !one:
		d.fail(n, clauseVersion, "must be 1.0 or begin with 1.0., not %q", abbreviate(s))
	case d.version == V2 && !one && !statementVersion(s, "2.0"):
		d.fail(n, clauseVersion, "must be 2.0.0 or another patch version of 1.0 or 2.0, not %q", abbreviate(s))
	}
}

// statementVersion reports whether s is minor or a patch version of it.
func statementVersion(s, minor string) bool {
	return len(s) >= len(minor) && s[:len(minor)] == minor && (len(s) == len(minor) || patch(s[len(minor):]))
}

// patch reports whether s is "." and the patch part of a semantic version.
func patch(s string) bool {
	if len(s) < 2 || len(s) > 32 || s[0] != '.' || s[1] < '0' || s[1] > '9' {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if !alphanumeric(c) && c != '-' && c != '+' && c != '.' {
			return false
		}
	}
	return true
}

// checkTimestamp validates a timestamp.
func (d *decoder) checkTimestamp(n int32, c clause) (at instant, ok bool) {
	if !d.want(n, '"', c) {
		return at, false
	}
	v := d.version
	if d.trusted {
		v = V1 // the text may be older than 2.0: take what either takes
	}
	at, ok = parseInstant(d.text(n), v)
	if !ok {
		d.fail(n, c, "must be a timestamp like 2026-03-01T12:30:00.000Z, not %q", abbreviate(d.text(n)))
	}
	return at, ok
}

// member returns the member of n that is called name, -1 when there is none.
func (d *decoder) member(n int32, name string) int32 {
	if d.nodes[n].kind != '{' {
		return -1
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		if d.name(m) == name {
			return m
		}
	}
	return -1
}

// checkString wants n to be a string.
func (d *decoder) checkString(n int32, c clause) (string, bool) {
	if !d.want(n, '"', c) {
		return "", false
	}
	return d.text(n), true
}

// checkIRI wants n to be an IRI; as says of what kind, "an IRI" or "an IRL".
func (d *decoder) checkIRI(n int32, c clause, as string) (string, bool) {
	s, ok := d.checkString(n, c)
	if ok && !validIRI(s) {
		d.fail(n, c, "must be %s with a scheme, like https://example.com/a, not %q", as, abbreviate(s))
		return "", false
	}
	return s, ok
}

// checkUUID wants n to be a UUID.
func (d *decoder) checkUUID(n int32, c clause) (uuid.UUID, bool) {
	s, ok := d.checkString(n, c)
	if !ok {
		return uuid.Nil, false
	}
	id, ok := parseUUID(s)
	if !ok {
		d.fail(n, c, "must be a UUID like 6f2c7b1e-3f0a-4c39-9f5b-0c8b3c1f7a11, not %q", abbreviate(s))
	}
	return id, ok
}

// checkLanguageMap wants n to be an object of strings by language tag.
func (d *decoder) checkLanguageMap(n int32, c clause) {
	if !d.want(n, '{', c) {
		return
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		if !validLanguageTag(d.name(m)) {
			d.fail(m, clauseLanguageMap, "the key must be a language tag like en or pt-BR, not %q", abbreviate(d.name(m)))
		}
		d.want(m, '"', clauseLanguageMap)
	}
}

// checkExtensions wants n to be an object whose keys are IRIs. What an
// extension holds is free, null included.
func (d *decoder) checkExtensions(n int32, c clause) {
	if !d.want(n, '{', c) {
		return
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		if !validIRI(d.name(m)) {
			d.fail(m, clauseExtensions, "the key must be an IRI with a scheme, not %q", abbreviate(d.name(m)))
		}
	}
}
