package xapi

var (
	contextNames = []string{
		"registration", "instructor", "team", "contextActivities", "revision",
		"platform", "language", "statement", "extensions",
	}
	contextNames2     = append(contextNames[:len(contextNames):len(contextNames)], "contextAgents", "contextGroups")
	contextSlots      = []string{"parent", "grouping", "category", "other"}
	contextAgentNames = []string{"objectType", "agent", "relevantTypes"}
	contextGroupNames = []string{"objectType", "group", "relevantTypes"}
)

// contextActivity is one activity of contextActivities.
type contextActivity struct {
	activityParts
	slot string
}

// checkContext validates the context of a statement about such an object, or
// of a SubStatement, and indexes it.
func (d *decoder) checkContext(n int32, about objectKind, inside bool) {
	if !d.want(n, '{', clauseContext) {
		return
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch name := d.name(m); name {
		case "registration":
			if id, ok := d.checkUUID(m, clauseContext); ok && !inside {
				d.out.Registration = id
			}
		case "instructor":
			d.checkAgent(m, agentOrGroup, TermRelatedAgent, TermRelatedAgent)
		case "team":
			d.checkAgent(m, groupOnly, TermRelatedAgent, TermRelatedAgent)
		case "contextActivities":
			d.checkContextActivities(m, inside)
		case "revision", "platform":
			d.want(m, '"', clauseContext)
			if about != objectActivity && about != objectNone {
				d.fail(m, clauseContext, "%s must be left out when the object is not an Activity", name)
			}
		case "language":
			if s, ok := d.checkString(m, clauseContext); ok && !validLanguageTag(s) {
				d.fail(m, clauseContext, "must be a language tag like en or pt-BR, not %q", abbreviate(s))
			}
		case "statement":
			d.checkReference(m)
		case "extensions":
			d.checkExtensions(m, clauseContext)
		default:
			if d.version == V1 || name != "contextAgents" && name != "contextGroups" {
				names := contextNames
				if d.version != V1 {
					names = contextNames2
				}
				d.unknown(m, clauseContext, "a context", names)
			} else if name == "contextAgents" {
				d.checkContextAgents(m, "contextAgent", "agent", agentOnly, contextAgentNames)
			} else {
				d.checkContextAgents(m, "contextGroup", "group", groupOnly, contextGroupNames)
			}
		}
	}
}

// checkContextActivities validates contextActivities. An empty object is
// accepted: widespread authoring tools send it.
func (d *decoder) checkContextActivities(n int32, inside bool) {
	if !d.want(n, '{', clauseActivities) {
		return
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		slot := d.name(m)
		switch slot {
		case "parent", "grouping", "category", "other":
		default:
			d.unknown(m, clauseActivities, "contextActivities", contextSlots)
			continue
		}
		switch d.nodes[m].kind {
		case '{':
			d.wrap(m)
			d.checkContextActivity(m, slot, inside)
		case '[':
			for a := m + 1; a < d.nodes[m].next; a = d.nodes[a].next {
				d.checkContextActivity(a, slot, inside)
			}
		default:
			d.want(m, '[', clauseActivities)
		}
	}
}

func (d *decoder) checkContextActivity(n int32, slot string, inside bool) {
	a := d.checkActivity(n)
	d.term(TermRelatedActivity, d.keep(a.id))
	if !inside && a.id != "" {
		d.contexts = append(d.contexts, contextActivity{a, slot})
	}
}

// checkContextAgents validates contextAgents or contextGroups (xAPI 2.0): an
// array of objects of objectType whose property called of is the agent.
func (d *decoder) checkContextAgents(n int32, objectType, of string, form agentForm, names []string) {
	if !d.want(n, '[', clauseContext) {
		return
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		if !d.want(m, '{', clauseContext) {
			continue
		}
		typed, found := false, false
		for p := m + 1; p < d.nodes[m].next; p = d.nodes[p].next {
			switch d.name(p) {
			case "objectType":
				typed = true
				if s, ok := d.checkString(p, clauseContext); ok && s != objectType {
					d.fail(p, clauseContext, "must be %q, not %q", objectType, abbreviate(s))
				}
			case of:
				found = true
				d.checkAgent(p, form, TermRelatedAgent, TermRelatedAgent)
			case "relevantTypes":
				d.checkRelevantTypes(p)
			default:
				d.unknown(p, clauseContext, "a "+objectType, names)
			}
		}
		if !typed {
			d.missing(m, clauseContext, "a "+objectType, "objectType")
		}
		if !found {
			d.missing(m, clauseContext, "a "+objectType, of)
		}
	}
}

func (d *decoder) checkRelevantTypes(n int32) {
	if !d.want(n, '[', clauseContext) {
		return
	}
	if d.nodes[n].children == 0 {
		d.fail(n, clauseContext, "must not be empty: list the IRIs of types, or leave it out")
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		d.checkIRI(m, clauseContext, "an IRI")
	}
}
