package xapi

import "slices"

var (
	definitionNames = []string{
		"name", "description", "type", "moreInfo", "extensions",
		"interactionType", "correctResponsesPattern",
		"choices", "scale", "source", "target", "steps",
	}
	componentNames = []string{"id", "description"}
)

// componentLists is which lists of interaction components each interactionType
// may have (xAPI 1.0.3 Data 2.4.4.1).
var componentLists = map[string][]string{
	"true-false":   nil,
	"choice":       {"choices"},
	"fill-in":      nil,
	"long-fill-in": nil,
	"matching":     {"source", "target"},
	"performance":  {"steps"},
	"sequencing":   {"choices"},
	"likert":       {"scale"},
	"numeric":      nil,
	"other":        nil,
}

// checkDefinition validates the definition of an activity and returns its type.
func (d *decoder) checkDefinition(n int32) (typ string) {
	if !d.want(n, '{', clauseActivity) {
		return ""
	}
	interaction, patterned := int32(-1), int32(-1)
	var lists [5]int32
	listed := lists[:0]
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "name", "description":
			d.checkLanguageMap(m, clauseActivity)
		case "type":
			typ, _ = d.checkIRI(m, clauseActivity, "an IRI")
		case "moreInfo":
			d.checkIRI(m, clauseActivity, "an IRL")
		case "extensions":
			d.checkExtensions(m, clauseActivity)
		case "interactionType":
			interaction = m
		case "correctResponsesPattern":
			patterned = m
			d.checkPattern(m)
		case "choices", "scale", "source", "target", "steps":
			listed = append(listed, m)
			d.checkComponents(m)
		default:
			d.unknown(m, clauseActivity, "an activity's definition", definitionNames)
		}
	}
	if interaction < 0 {
		if patterned >= 0 || len(listed) > 0 {
			d.fail(n, clauseActivity, "a definition with correctResponsesPattern or a list of components must have the interactionType that they belong to")
		}
		return typ
	}
	s, ok := d.checkString(interaction, clauseActivity)
	if !ok {
		return typ
	}
	allowed, ok := componentLists[s]
	if !ok {
		d.fail(interaction, clauseActivity, "must be one of true-false, choice, fill-in, long-fill-in, matching, performance, sequencing, likert, numeric, other, not %q", abbreviate(s))
		return typ
	}
	for _, m := range listed {
		if !slices.Contains(allowed, d.name(m)) {
			d.fail(m, clauseActivity, "%q does not belong to the interactionType %q: leave it out", d.name(m), s)
		}
	}
	return typ
}

// checkPattern wants an array of strings. What they say is not looked at: the
// formats of responses are for readers (xAPI 1.0.3 Data 2.4.4.1).
func (d *decoder) checkPattern(n int32) {
	if !d.want(n, '[', clauseActivity) {
		return
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		d.want(m, '"', clauseActivity)
	}
}

// checkComponents wants an array of interaction components with ids of their
// own.
func (d *decoder) checkComponents(n int32) {
	if !d.want(n, '[', clauseActivity) {
		return
	}
	var few [16]string
	ids := few[:0]
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		if id, ok := d.checkComponent(m); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] {
			d.fail(n, clauseActivity, "the ids of interaction components must be distinct: %q is there twice", abbreviate(ids[i]))
			return
		}
	}
}

func (d *decoder) checkComponent(n int32) (id string, ok bool) {
	if !d.want(n, '{', clauseActivity) {
		return "", false
	}
	found := false
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "id":
			found = true
			id, ok = d.checkString(m, clauseActivity)
		case "description":
			d.checkLanguageMap(m, clauseActivity)
		default:
			d.unknown(m, clauseActivity, "an interaction component", componentNames)
		}
	}
	if !found {
		d.missing(n, clauseActivity, "an interaction component", "id")
	}
	return id, ok
}
