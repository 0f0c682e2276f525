package xapi

import (
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Query is a GET on the statements resource, parsed and valid. The filters
// combine with AND; a zero value filters nothing
// (xAPI 1.0.3 Communication 2.1.3, xAPI 2.0 4.1.6.1).
type Query struct {
	StatementID, VoidedStatementID   uuid.UUID
	Agent                            string // identity, see ParseAgent
	Verb, Activity                   string // IRIs
	Registration                     uuid.UUID
	RelatedActivities, RelatedAgents bool
	Since, Until                     time.Time // exclusive, inclusive; of stored
	Limit                            int       // 0 is the server's maximum
	Format                           Format
	Attachments, Ascending           bool
}

// Single reports whether q asks for one statement by its id.
func (q *Query) Single() bool {
	return q.StatementID != uuid.Nil || q.VoidedStatementID != uuid.Nil
}

// ParseQuery reads the parameters of a GET on the statements resource. It is
// Invalid for a parameter that is unknown (letter case counts), repeated,
// empty or malformed, and for an id together with anything but attachments and
// format.
func ParseQuery(values url.Values, v Version) (*Query, error) {
	p := paramsOf(values, v, "statementId", "voidedStatementId", "agent", "verb", "activity", "registration",
		"related_activities", "related_agents", "since", "until", "limit", "format", "attachments", "ascending")
	q := &Query{
		StatementID:       p.uuid("statementId"),
		VoidedStatementID: p.uuid("voidedStatementId"),
		Agent:             p.agent("agent", true).Identity,
		Verb:              p.iri("verb"),
		Activity:          p.iri("activity"),
		Registration:      p.uuid("registration"),
		RelatedActivities: p.flag("related_activities"),
		RelatedAgents:     p.flag("related_agents"),
		Since:             p.time("since"),
		Until:             p.time("until"),
		Limit:             p.limit(),
		Format:            p.format(),
		Attachments:       p.flag("attachments"),
		Ascending:         p.flag("ascending"),
	}
	for _, id := range []string{"statementId", "voidedStatementId"} {
		for name := range values {
			if values.Has(id) && name != id && name != "attachments" && name != "format" {
				p.fail("%s goes with attachments and format only, not with %s", id, abbreviate(name))
			}
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	return q, nil
}

// limit saturates: who asks for more than an int holds gets the server's
// maximum anyway.
func (p *params) limit() int {
	text := p.text("limit")
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			p.fail("parameter limit is not a number from 0: %q", abbreviate(text))
			return 0
		}
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil && text != "" {
		return 1<<31 - 1
	}
	return int(n)
}

func (p *params) format() Format {
	text := p.text("format")
	for _, f := range []Format{FormatExact, FormatIDs, FormatCanonical} {
		if text == f.String() {
			return f
		}
	}
	if text != "" {
		p.fail("parameter format is none of exact, ids, canonical: %q", abbreviate(text))
	}
	return FormatExact
}

// Values is the inverse of ParseQuery, for the link to more: defaults are left
// out, everything else is kept. Of the agent only what identifies it remains.
func (q *Query) Values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	id := func(name string, id uuid.UUID) {
		if id != uuid.Nil {
			v.Set(name, id.String())
		}
	}
	flag := func(name string, on bool) {
		if on {
			v.Set(name, "true")
		}
	}
	moment := func(name string, t time.Time) {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	id("statementId", q.StatementID)
	id("voidedStatementId", q.VoidedStatementID)
	set("agent", string(AppendIdentity(nil, q.Agent)))
	set("verb", q.Verb)
	set("activity", q.Activity)
	id("registration", q.Registration)
	flag("related_activities", q.RelatedActivities)
	flag("related_agents", q.RelatedAgents)
	moment("since", q.Since)
	moment("until", q.Until)
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Format != FormatExact {
		v.Set("format", q.Format.String())
	}
	flag("attachments", q.Attachments)
	flag("ascending", q.Ascending)
	return v
}
