package httpapi

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"golang.org/x/text/language"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// shower makes rows for people out of statements that are masked already, if
// they have to be.
type shower struct {
	languages []language.Tag
	masked    bool
}

func (x *exchange) shower(v lrs.View) shower {
	return shower{xapi.ParseAcceptLanguage(x.request.Header.Get("Accept-Language")), v.Masked}
}

// shown is what a row is made of. Language maps have one member.
type shown struct {
	Timestamp string          `json:"timestamp"`
	Actor     json.RawMessage `json:"actor"`
	Verb      struct {
		ID      string            `json:"id"`
		Display map[string]string `json:"display"`
	} `json:"verb"`
	Object shownObject `json:"object"`
	Result *struct {
		Score struct {
			Scaled *float64 `json:"scaled"`
		} `json:"score"`
		Success    *bool   `json:"success"`
		Completion *bool   `json:"completion"`
		Duration   *string `json:"duration"`
	} `json:"result"`
	Context struct {
		Registration *uuid.UUID `json:"registration"`
	} `json:"context"`
}

type shownObject struct {
	Type       string `json:"objectType"`
	ID         string `json:"id"`
	Definition struct {
		Name map[string]string `json:"name"`
	} `json:"definition"`
	raw json.RawMessage
}

// UnmarshalJSON keeps the text, too: of an agent more is needed.
func (o *shownObject) UnmarshalJSON(text []byte) error {
	type plain shownObject
	o.raw = append(o.raw[:0], text...)
	return json.Unmarshal(text, (*plain)(o))
}

func (s shower) row(of *lrs.Viewed) (*apiv1.StatementRow, error) {
	text, err := xapi.FormatStatement(nil, of.JSON, xapi.FormatCanonical, s.languages)
	if err != nil {
		return nil, err
	}
	var from shown
	if err := json.Unmarshal(text, &from); err != nil {
		return nil, err
	}
	row := &apiv1.StatementRow{
		ID: of.ID, Stored: of.Stored, Timestamp: of.Stored, Voided: of.Voided, Registration: from.Context.Registration,
		Verb: apiv1.RowVerb{ID: from.Verb.ID, Display: only(from.Verb.Display, from.Verb.ID)},
	}
	if at, ok := xapi.ParseTimestamp(from.Timestamp, xapi.V2); ok && at.Year() >= 1 && at.Year() <= 9999 {
		row.Timestamp = at
	}
	if row.Actor, err = s.person(from.Actor); err != nil {
		return nil, err
	}
	if row.Object, err = s.object(&from.Object); err != nil {
		return nil, err
	}
	if r := from.Result; r != nil {
		row.Result = &apiv1.RowResult{Scaled: r.Score.Scaled, Success: r.Success, Completion: r.Completion, Duration: r.Duration}
	}
	return row, nil
}

func (s shower) object(o *shownObject) (apiv1.RowObject, error) {
	switch o.Type {
	case "Agent", "Group":
		kind := apiv1.RowObjectKindAgent
		if o.Type == "Group" {
			kind = apiv1.RowObjectKindGroup
		}
		p, err := s.person(o.raw)
		return apiv1.RowObject{Kind: kind, Name: p.Name}, err
	case "StatementRef":
		return apiv1.RowObject{Kind: apiv1.RowObjectKindStatement, ID: o.ID, Name: o.ID}, nil
	case "SubStatement":
		var inner shown
		if err := json.Unmarshal(o.raw, &inner); err != nil {
			return apiv1.RowObject{}, err
		}
		object, err := s.object(&inner.Object)
		return apiv1.RowObject{Kind: apiv1.RowObjectKindSubstatement, Name: only(inner.Verb.Display, inner.Verb.ID) + " " + object.Name}, err
	}
	return apiv1.RowObject{Kind: apiv1.RowObjectKindActivity, ID: o.ID, Name: only(o.Definition.Name, o.ID)}, nil
}

// only is the one text of a language map; otherwise when there is none.
func only(texts map[string]string, otherwise string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return otherwise
}

// person is whom an agent or group stands for, without the members of a group.
func (s shower) person(raw []byte) (apiv1.Person, error) {
	var a struct {
		Type    string `json:"objectType"`
		Name    string `json:"name"`
		Mbox    string `json:"mbox"`
		SHA1    string `json:"mbox_sha1sum"`
		OpenID  string `json:"openid"`
		Account struct {
			Name string `json:"name"`
		} `json:"account"`
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return apiv1.Person{}, err
	}
	members, err := rawMembers(raw)
	if err != nil {
		return apiv1.Person{}, err
	}
	delete(members, "member")
	p := apiv1.Person{Name: a.Name, Agent: members, Pseudonym: s.masked}
	for _, name := range []string{a.Mbox, a.Account.Name, a.OpenID, a.SHA1, a.Type, "Agent"} {
		if p.Name == "" {
			p.Name = name
		}
	}
	if letters := []rune(p.Name); len(letters) > maxPersonName {
		p.Name = string(letters[:maxPersonName])
	}
	return p, nil
}

// maxPersonName is how many characters of a name stand in a row.
const maxPersonName = 1000

// rawMembers is an object whose values are written as they are: a number keeps
// its digits.
func rawMembers(text []byte) (map[string]any, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	values := make(map[string]any, len(members))
	for name, value := range members {
		values[name] = jsontext.Value(value)
	}
	return values, nil
}
