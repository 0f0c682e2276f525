package scim

import (
	"encoding/json"
	"slices"
	"strings"
)

// User is a person as the directory tells of them (RFC 7643 4.1). What is not
// in it is not kept; the directory may send it all the same.
type User struct {
	Schemas     []string `json:"schemas,omitempty"`
	ID          string   `json:"id,omitempty"`
	ExternalID  string   `json:"externalId,omitempty"`
	UserName    string   `json:"userName"`
	Name        *Name    `json:"name,omitempty"`
	DisplayName string   `json:"displayName,omitempty"`
	Active      *Bool    `json:"active,omitempty"` // nil in a request: true
	Emails      []Email  `json:"emails,omitempty"`
	Groups      []Ref    `json:"groups,omitempty"` // read only
	Meta        *Meta    `json:"meta,omitempty"`
}

// Name is a person's name in parts.
type Name struct {
	Formatted  string `json:"formatted,omitempty"`
	GivenName  string `json:"givenName,omitempty"`
	FamilyName string `json:"familyName,omitempty"`
}

// Email is one address.
type Email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"` // work, home, other
	Primary Bool   `json:"primary,omitempty"`
}

// Bool is a boolean that may also come as text: Entra ID sends "True" and "False".
type Bool bool

// UnmarshalJSON reads true, "true", "True" and so on.
func (b *Bool) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		s = string(text)
	}
	switch strings.ToLower(s) {
	case "true":
		*b = true
	case "false":
		*b = false
	case "null":
	default:
		return InvalidValue("%.50q is neither true nor false", s)
	}
	return nil
}

// maxEmails is how many addresses of one person are kept.
const maxEmails = 20

// ParseUser reads the body of a POST or PUT.
func ParseUser(body []byte) (*User, error) {
	var u User
	if err := decode(body, &u); err != nil {
		return nil, err
	}
	u.Schemas, u.ID, u.Groups, u.Meta = nil, "", nil, nil // the server's own
	return &u, u.check()
}

func (u *User) check() error {
	if u.UserName == "" || len(u.UserName) > 254 {
		return InvalidValue("userName has 1 to 254 characters")
	}
	if len(u.Emails) > maxEmails {
		return InvalidValue("at most %d e-mail addresses", maxEmails)
	}
	texts := []string{u.UserName, u.ExternalID, u.DisplayName}
	if u.Name != nil {
		texts = append(texts, u.Name.Formatted, u.Name.GivenName, u.Name.FamilyName)
	}
	for _, e := range u.Emails {
		texts = append(texts, e.Value, e.Type)
	}
	return checkTexts(texts...)
}

func checkTexts(texts ...string) error {
	for _, t := range texts {
		if len(t) > 500 || strings.ContainsRune(t, 0) {
			return InvalidValue("a text has at most 500 bytes and no U+0000")
		}
	}
	return nil
}

// IsActive reports whether the person may sign in.
func (u *User) IsActive() bool { return u.Active == nil || bool(*u.Active) }

// SetActive says whether the person may sign in.
func (u *User) SetActive(active bool) {
	b := Bool(active)
	u.Active = &b
}

// Address returns the e-mail address that counts: the primary one, else that
// for work, else the first, else the user name, which need not be an address.
func (u *User) Address() string {
	for _, counts := range []func(Email) bool{
		func(e Email) bool { return bool(e.Primary) },
		func(e Email) bool { return strings.EqualFold(e.Type, "work") },
		func(Email) bool { return true },
	} {
		if i := slices.IndexFunc(u.Emails, func(e Email) bool { return e.Value != "" && counts(e) }); i >= 0 {
			return u.Emails[i].Value
		}
	}
	return u.UserName
}

// FullName returns what the person is called; "" where the directory says nothing.
func (u *User) FullName() string {
	n := u.Name
	switch {
	case u.DisplayName != "":
		return strings.TrimSpace(u.DisplayName)
	case n == nil:
		return ""
	case n.Formatted != "":
		return strings.TrimSpace(n.Formatted)
	}
	return strings.TrimSpace(n.GivenName + " " + n.FamilyName)
}

// Apply makes of u what the operations say, as the directories mean them: an
// attribute that is not kept changes nothing.
func (u *User) Apply(operations []Operation) error {
	for _, o := range operations {
		if err := o.each(u.set); err != nil {
			return err
		}
	}
	return u.check()
}

// set does one operation on one attribute.
func (u *User) set(op Op, at Path, value json.RawMessage) error {
	if at.Sub != "" && op == Remove {
		value = nil
	}
	switch at.Attr {
	case "username":
		return setText(&u.UserName, op, value)
	case "externalid":
		return setText(&u.ExternalID, op, value)
	case "displayname":
		return setText(&u.DisplayName, op, value)
	case "active":
		if op == Remove {
			u.SetActive(false)
			return nil
		}
		b := Bool(u.IsActive())
		if err := decode(value, &b); err != nil {
			return err
		}
		u.SetActive(bool(b))
	case "name":
		return u.setName(op, at.Sub, value)
	case "emails":
		return u.setEmails(op, at, value)
	}
	return nil
}

func setText(text *string, op Op, value json.RawMessage) error {
	if *text = ""; op == Remove {
		return nil
	}
	return decode(value, text)
}

func (u *User) setName(op Op, sub string, value json.RawMessage) error {
	if u.Name == nil {
		u.Name = &Name{}
	}
	switch sub {
	case "":
		if op != Add { // add joins (RFC 7644 3.5.2.1)
			*u.Name = Name{}
		}
		if op == Remove {
			u.Name = nil
			return nil
		}
		return decode(value, u.Name)
	case "formatted":
		return setText(&u.Name.Formatted, op, value)
	case "givenname":
		return setText(&u.Name.GivenName, op, value)
	case "familyname":
		return setText(&u.Name.FamilyName, op, value)
	}
	return nil
}

func (u *User) setEmails(op Op, at Path, value json.RawMessage) error {
	if at.Filter == nil && at.Sub == "" {
		return u.setAllEmails(op, value)
	}
	chosen := func(e Email) bool { return at.Filter == nil || at.Filter.Matches(e.attribute) }
	if op == Remove && at.Sub == "" {
		u.Emails = slices.DeleteFunc(u.Emails, chosen)
		return nil
	}
	if op != Remove && !slices.ContainsFunc(u.Emails, chosen) {
		// Entra ID replaces what is not there yet.
		u.Emails = append(u.Emails, Email{Type: at.Filter.wants("type"), Value: at.Filter.wants("value")})
		chosen = func(e Email) bool { return e == u.Emails[len(u.Emails)-1] }
	}
	for i := range u.Emails {
		e := &u.Emails[i]
		if !chosen(*e) {
			continue
		}
		if err := e.set(op, at.Sub, value); err != nil {
			return err
		}
	}
	u.Emails = slices.DeleteFunc(u.Emails, func(e Email) bool { return e.Value == "" })
	return nil
}

func (e *Email) set(op Op, sub string, value json.RawMessage) error {
	switch sub {
	case "":
		return decode(value, e)
	case "value":
		return setText(&e.Value, op, value)
	case "type":
		return setText(&e.Type, op, value)
	case "primary":
		if e.Primary = false; op != Remove {
			return decode(value, &e.Primary)
		}
	}
	return nil
}

func (e Email) attribute(name string) string {
	switch name {
	case "type":
		return e.Type
	case "value":
		return e.Value
	case "primary":
		if e.Primary {
			return "true"
		}
		return "false"
	}
	return ""
}

func (u *User) setAllEmails(op Op, value json.RawMessage) error {
	if op == Remove {
		u.Emails = nil
		return nil
	}
	var some []Email
	if err := decode(list(value), &some); err != nil {
		return err
	}
	if op == Replace {
		u.Emails = nil
	}
	for _, e := range some {
		u.Emails = slices.DeleteFunc(u.Emails, func(old Email) bool { return strings.EqualFold(old.Value, e.Value) })
		u.Emails = append(u.Emails, e)
	}
	return nil
}

// list is a list also where one value came without brackets.
func list(value json.RawMessage) json.RawMessage {
	if text := strings.TrimSpace(string(value)); strings.HasPrefix(text, "{") {
		return json.RawMessage("[" + text + "]")
	}
	return value
}
