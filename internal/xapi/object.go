package xapi

import "github.com/google/uuid"

// VoidedVerb is the verb of a statement that voids another.
const VoidedVerb = "http://adlnet.gov/expapi/verbs/voided"

// objectKind is what the object of a statement is.
type objectKind uint8

const (
	objectNone objectKind = iota // missing or not to be told
	objectActivity
	objectAgent // or Group
	objectReference
	objectSubStatement
)

var (
	verbNames      = []string{"id", "display"}
	referenceNames = []string{"objectType", "id"}
	activityNames  = []string{"objectType", "id", "definition"}
)

// checkVerb validates a verb, returns its IRI and whether it is voided.
func (d *decoder) checkVerb(n int32) (iri word, voided bool) {
	if !d.want(n, '{', clauseVerb) {
		return iri, false
	}
	found := false
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "id":
			found = true
			if s, ok := d.checkIRI(m, clauseVerb, "an IRI"); ok {
				iri, voided = d.keep(s), s == VoidedVerb
			}
		case "display":
			d.checkLanguageMap(m, clauseVerb)
		default:
			d.unknown(m, clauseVerb, "a verb", verbNames)
		}
	}
	if !found {
		d.missing(n, clauseVerb, "a verb", "id")
	}
	return iri, voided
}

// checkObject validates the object of a statement or, inside, of a
// SubStatement, and returns what it is.
func (d *decoder) checkObject(n int32, inside bool) objectKind {
	if !d.want(n, '{', clauseObject) {
		return objectNone
	}
	objectType := "Activity"
	if t := d.member(n, "objectType"); t >= 0 {
		s, ok := d.checkString(t, clauseObject)
		if !ok {
			return objectNone
		}
		objectType = s
	}
	switch objectType {
	case "Activity":
		activity := d.checkActivity(n)
		if inside {
			d.term(TermRelatedActivity, d.keep(activity.id))
		} else {
			d.activity, d.typ = d.keep(activity.id), activity.typ
		}
		return objectActivity
	case "Agent", "Group":
		kind := TermAgent
		if inside {
			kind = TermRelatedAgent
		}
		d.checkAgent(n, agentOrGroup, kind, kind)
		return objectAgent
	case "StatementRef":
		if id := d.checkReference(n); !inside {
			d.out.Target = id
		}
		return objectReference
	case "SubStatement":
		if inside {
			d.fail(n, clauseReference, "a SubStatement must not have a SubStatement as its object")
		} else {
			d.checkSubStatement(n)
		}
		return objectSubStatement
	}
	d.fail(d.member(n, "objectType"), clauseObject, `must be "Activity", "Agent", "Group", "StatementRef" or "SubStatement", not %q`, abbreviate(objectType))
	return objectNone
}

// checkReference validates a StatementRef and returns whom it names.
func (d *decoder) checkReference(n int32) (target uuid.UUID) {
	if !d.want(n, '{', clauseReference) {
		return uuid.Nil
	}
	id, typed := false, false
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "objectType":
			typed = true
			if s, ok := d.checkString(m, clauseReference); ok && s != "StatementRef" {
				d.fail(m, clauseReference, `must be "StatementRef", not %q`, abbreviate(s))
			}
		case "id":
			id = true
			var ok bool
			if target, ok = d.checkUUID(m, clauseReference); ok && target == uuid.Nil {
				d.fail(m, clauseReference, "must not be the nil UUID: no statement has it")
			}
		default:
			d.unknown(m, clauseReference, "a StatementRef", referenceNames)
		}
	}
	if !typed {
		d.missing(n, clauseReference, "a StatementRef", "objectType")
	}
	if !id {
		d.missing(n, clauseReference, "a StatementRef", "id")
	}
	return target
}

// activityParts is what reports look at in an activity.
type activityParts struct{ id, typ string }

// checkActivity validates an Activity and records its definition.
func (d *decoder) checkActivity(n int32) (a activityParts) {
	if !d.want(n, '{', clauseActivity) {
		return a
	}
	found, definition := false, int32(-1)
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "objectType":
			if s, ok := d.checkString(m, clauseActivity); ok && s != "Activity" {
				d.fail(m, clauseActivity, `must be "Activity", not %q`, abbreviate(s))
			}
		case "id":
			found = true
			a.id, _ = d.checkIRI(m, clauseActivity, "an IRI")
		case "definition":
			definition = m
			a.typ = d.checkDefinition(m)
		default:
			d.unknown(m, clauseActivity, "an Activity", activityNames)
		}
	}
	if !found {
		d.missing(n, clauseActivity, "an Activity", "id")
	}
	if definition >= 0 && a.id != "" && d.nodes[definition].children > 0 {
		d.defs = append(d.defs, definitionWord{d.keep(a.id), d.nodes[definition].start, d.nodes[definition].end})
	}
	return a
}
