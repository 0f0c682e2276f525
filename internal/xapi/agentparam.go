package xapi

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// AgentParam is the agent parameter of a request.
type AgentParam struct {
	Identity string // never "": see ParseAgent
	Name     string // "" none given
	Group    bool   // an identified group
}

// ParseAgentParam reads the JSON of an agent parameter by the rules for agents
// in statements. It is Invalid for anything but an agent or an identified
// group.
func ParseAgentParam(raw []byte, v Version) (AgentParam, error) {
	identity, err := ParseAgent(raw, v)
	if err != nil {
		return AgentParam{}, err
	}
	return AgentParam{
		Identity: identity,
		Name:     string(unquote(find(raw, "name"))),
		Group:    string(unquote(find(raw, "objectType"))) == "Group",
	}, nil
}

// ActorOf returns the actor of a stored statement; the zero AgentParam for an
// anonymous group.
func ActorOf(text []byte) AgentParam {
	a, err := ParseAgentParam(find(text, "actor"), V2)
	if err != nil {
		return AgentParam{}
	}
	return a
}

// The kinds of identity, as an identity begins.
const (
	mboxIdentity    = "mbox:"
	sha1Identity    = "sha1:"
	openidIdentity  = "openid:"
	accountIdentity = "account:"
)

// AppendIdentity appends the JSON of an agent that has the identity and
// nothing else; nothing for "".
func AppendIdentity(dst []byte, identity string) []byte {
	name, value := identityMember(identity)
	if name == "" {
		return dst
	}
	dst = append(dst, `{"`...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	return append(append(dst, value...), '}')
}

// identityMember returns the property that an identity stands for and its
// JSON value; name is "" when it stands for none.
func identityMember(identity string) (name string, value []byte) {
	if mbox, ok := strings.CutPrefix(identity, mboxIdentity); ok {
		return "mbox", quote(nil, mbox)
	}
	if sum, ok := strings.CutPrefix(identity, sha1Identity); ok {
		return "mbox_sha1sum", quote(nil, sum)
	}
	if uri, ok := strings.CutPrefix(identity, openidIdentity); ok {
		return "openid", quote(nil, uri)
	}
	if account, ok := strings.CutPrefix(identity, accountIdentity); ok {
		// A home page is an IRL: it has no line break, the name may.
		homePage, name, _ := strings.Cut(account, "\n")
		value = quote([]byte(`{"homePage":`), homePage)
		value = quote(append(value, `,"name":`...), name)
		return "account", append(value, '}')
	}
	return "", nil
}

// quote appends s as a JSON string.
func quote(dst []byte, s string) []byte {
	dst, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		// Only invalid UTF-8: what is written then has U+FFFD in its place.
		return dst
	}
	return dst
}
