package scim

import (
	"encoding/json"
	"slices"
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
	g.Members = without(g.Members, nil)
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
	for _, o := range operations {
		if err := o.each(g.set); err != nil {
			return err
		}
	}
	return g.check()
}

func (g *Group) set(op Op, at Path, value json.RawMessage) error {
	switch at.Attr {
	case "displayname":
		return setText(&g.DisplayName, op, value)
	case "externalid":
		return setText(&g.ExternalID, op, value)
	case "members":
		return g.setMembers(op, at, value)
	}
	return nil
}

func (g *Group) setMembers(op Op, at Path, value json.RawMessage) error {
	var some []Ref
	if len(value) > 0 {
		if err := decode(list(value), &some); err != nil {
			return err
		}
	}
	switch {
	case op == Remove && at.Filter != nil:
		g.Members = slices.DeleteFunc(g.Members, func(m Ref) bool {
			return at.Filter.Matches(func(name string) string {
				if name == "value" {
					return m.Value
				}
				return ""
			})
		})
	case op == Remove && len(some) > 0: // Entra ID names them in the value
		g.Members = without(g.Members, some)
	case op == Remove:
		g.Members = nil
	case at.Filter != nil || at.Sub != "":
		return invalid("invalidPath", "members are added by their list, not by a path into it")
	case op == Replace:
		g.Members = without(some, nil)
	default:
		g.Members = without(append(g.Members, some...), nil)
	}
	return nil
}

// without returns members less those of gone, each once.
func without(members, gone []Ref) []Ref {
	seen := make(map[string]bool, len(members))
	for _, m := range gone {
		seen[m.Value] = true
	}
	return slices.DeleteFunc(members, func(m Ref) bool {
		twice := seen[m.Value]
		seen[m.Value] = true
		return twice
	})
}
