package scim

import (
	"encoding/json"
	"strings"
)

// Group is a group of people in the directory (RFC 7643 4.2). Only users are
// members.
type Group struct {
	Schemas     []string `json:"schemas,omitempty"`
	ID          string   `json:"id,omitempty"`
	ExternalID  string   `json:"externalId,omitempty"`
	DisplayName string   `json:"displayName"`
	Members     []Ref    `json:"members,omitempty"`
	Meta        *Meta    `json:"meta,omitempty"`
}

// MaxMembers is how many people a group may have.
const MaxMembers = 50_000

// ParseGroup reads the body of a POST or PUT.
func ParseGroup(body []byte) (*Group, error) {
	var g Group
	if err := decode(body, &g); err != nil {
		return nil, err
	}
	g.Schemas, g.ID, g.Meta = nil, "", nil
	g.Members = newRoster(g.Members).members()
	return &g, g.check()
}

func (g *Group) check() error {
	if g.DisplayName == "" {
		return InvalidValue("displayName is needed")
	}
	if len(g.Members) > MaxMembers {
		return InvalidValue("at most %d members", MaxMembers)
	}
	return checkTexts(g.DisplayName, g.ExternalID)
}

// Apply makes of g what the operations say, as the directories mean them. What
// a member is called besides its id does not count.
func (g *Group) Apply(operations []Operation) error {
	r := newRoster(g.Members)
	for _, o := range operations {
		if err := o.each(func(op Op, at Path, value json.RawMessage) error {
			switch at.Attr {
			case "displayname":
				return setText(&g.DisplayName, op, value)
			case "externalid":
				return setText(&g.ExternalID, op, value)
			case "members":
				return r.set(op, at, value)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	g.Members = r.members()
	return g.check()
}

// roster is the members of a group while operations change them, each once. There
// may be a thousand operations and 50,000 members: no operation goes through all.
type roster struct {
	refs []Ref          // in their order, those that were removed among them
	at   map[string]int // where each is that was not, by value in lower case
}

func newRoster(members []Ref) *roster {
	r := &roster{at: make(map[string]int, len(members))}
	r.add(members)
	return r
}

func (r *roster) add(members []Ref) {
	for _, m := range members {
		value := strings.ToLower(m.Value)
		if _, there := r.at[value]; !there {
			r.at[value] = len(r.refs)
			r.refs = append(r.refs, m)
		}
	}
}

func (r *roster) remove(value string) { delete(r.at, strings.ToLower(value)) }

func (r *roster) members() []Ref {
	var all []Ref
	for i, m := range r.refs {
		if at, there := r.at[strings.ToLower(m.Value)]; there && at == i {
			all = append(all, m)
		}
	}
	return all
}

func (r *roster) set(op Op, at Path, value json.RawMessage) error {
	var some []Ref
	if len(value) > 0 {
		if err := decode(list(value), &some); err != nil {
			return err
		}
	}
	switch {
	case op == Remove && at.Filter != nil:
		values, ok := at.Filter.values("value")
		if !ok {
			return InvalidFilter("members are removed by value eq, joined by or")
		}
		for _, v := range values {
			r.remove(v)
		}
	case op == Remove && len(some) > 0: // Entra ID names them in the value
		for _, m := range some {
			r.remove(m.Value)
		}
	case op == Remove:
		*r = *newRoster(nil)
	case at.Filter != nil || at.Sub != "":
		return invalid("invalidPath", "members are added by their list, not by a path into it")
	case op == Replace:
		*r = *newRoster(some)
	default:
		r.add(some)
	}
	return nil
}
