package xapi

import (
	"errors"
	"io"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// agentForm says what may stand where an agent stands.
type agentForm uint8

const (
	agentOrGroup agentForm = iota
	agentOnly              // a member of a Group, the agent of a contextAgent
	groupOnly              // a team, the group of a contextGroup
)

var (
	agentNames   = []string{"objectType", "name", "mbox", "mbox_sha1sum", "openid", "account"}
	groupNames   = append(agentNames[:len(agentNames):len(agentNames)], "member")
	accountNames = []string{"homePage", "name"}
)

// ParseAgent returns the identity of the one Agent or identified Group that
// the JSON text raw is, as the agent parameter of many resources carries it:
//
//	mbox:mailto:<address, its domain in lower case>
//	sha1:<lower-case hexadecimal digits>
//	openid:<URI>
//	account:<homePage>\n<name>
//
// A homePage cannot hold a line feed, so two accounts never share an identity.
// What is no agent by the rules of v, and an anonymous Group, is Invalid.
func ParseAgent(raw []byte, v Version) (string, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	d.version, d.limits, d.index = v, Limits{}.orDefaults(), 0
	d.open(raw, d.limits.Depth, d.limits.Values)
	kind, start, err := d.token()
	if err == nil {
		err = d.statement(kind, start)
	}
	if err == nil {
		if _, _, err = d.token(); err == nil {
			err = errors.New("something follows it")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "an agent must be a JSON object")
	}
	d.begin()
	w := d.checkAgent(0, agentOrGroup, 0, 0)
	if d.faulty {
		e := fault.New(fault.Invalid, "this is no agent of xAPI %s", v)
		e.Violations = d.violations
		return "", e
	}
	if w.from == w.to {
		return "", fault.New(fault.Invalid, "an anonymous Group identifies nobody: send an Agent or an identified Group")
	}
	return string(d.words[w.from:w.to]), nil
}

// checkAgent validates an Agent or Group, records its identity under own and
// those of its members under members (0: not at all), and returns its
// identity, empty for an anonymous Group.
func (d *decoder) checkAgent(n int32, form agentForm, own, members TermKind) (identity word) {
	if !d.want(n, '{', clauseAgent) {
		return identity
	}
	group := false
	t := d.member(n, "objectType")
	if t >= 0 {
		s, ok := d.checkString(t, clauseAgent)
		switch {
		case !ok:
			return identity
		case s == "Group":
			group = true
		case s != "Agent":
			d.fail(t, clauseAgent, `must be "Agent" or "Group", not %q`, abbreviate(s))
			return identity
		}
	}
	switch {
	case form == agentOnly && group:
		d.fail(n, clauseGroup, "must be an Agent: a Group is not allowed here")
		return identity
	case form == groupOnly && !group:
		d.fail(n, clauseGroup, `must be a Group, with the objectType "Group"`)
		if t >= 0 {
			return identity
		}
		group = true // most likely meant
	}
	c, what, names := clauseAgent, "an Agent", agentNames
	if group {
		c, what, names = clauseGroup, "a Group", groupNames
	}
	identifiers, listed := 0, false
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "objectType":
		case "name":
			d.want(m, '"', c)
		case "mbox", "mbox_sha1sum", "openid", "account":
			identifiers++
			identity = d.checkIdentifier(m)
		case "member":
			if !group {
				d.unknown(m, c, what, names)
				break
			}
			listed = d.checkMembers(m, members)
		default:
			d.unknown(m, c, what, names)
		}
	}
	switch {
	case identifiers > 1:
		d.fail(n, clauseIdentifier, "%s must have one identifier, not %d: keep one of mbox, mbox_sha1sum, openid, account", what, identifiers)
	case identifiers == 0 && !group:
		d.fail(n, clauseIdentifier, "an Agent must have one of mbox, mbox_sha1sum, openid, account")
	case identifiers == 0 && !listed:
		d.fail(n, clauseGroup, "a Group without mbox, mbox_sha1sum, openid or account must list its members in member")
	}
	d.term(own, identity)
	return identity
}

// checkMembers validates the member list of a Group and reports whether it
// lists anybody, or tries to.
func (d *decoder) checkMembers(n int32, kind TermKind) bool {
	if !d.want(n, '[', clauseGroup) {
		return true
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		d.checkAgent(m, agentOnly, kind, 0)
	}
	return d.nodes[n].children > 0
}

// checkIdentifier validates an inverse functional identifier and returns the
// identity that it makes.
func (d *decoder) checkIdentifier(n int32) (identity word) {
	name := d.name(n)
	if name == "account" {
		return d.checkAccount(n)
	}
	s, ok := d.checkString(n, clauseIdentifier)
	if !ok {
		return identity
	}
	from := int32(len(d.words))
	switch name {
	case "mbox":
		if !validMbox(s) {
			d.fail(n, clauseIdentifier, "must be mailto: and an address, like mailto:ada@example.com, not %q", abbreviate(s))
			return identity
		}
		d.words = appendMbox(append(d.words, "mbox:"...), s)
	case "mbox_sha1sum":
		if !validHex(s, 40) {
			d.fail(n, clauseIdentifier, "must be a SHA-1 sum of 40 hexadecimal digits, not %q", abbreviate(s))
			return identity
		}
		d.words = appendLower(append(d.words, "sha1:"...), s)
	case "openid":
		if !validURI(s) {
			d.fail(n, clauseIdentifier, "must be a URI with a scheme, like https://ada.example.com/, not %q", abbreviate(s))
			return identity
		}
		d.words = append(append(d.words, "openid:"...), s...)
	}
	return word{from, int32(len(d.words))}
}

func (d *decoder) checkAccount(n int32) (identity word) {
	if !d.want(n, '{', clauseAccount) {
		return identity
	}
	home, name := int32(-1), int32(-1)
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "homePage":
			home = m
			d.checkIRI(m, clauseAccount, "an IRL")
		case "name":
			name = m
			d.want(m, '"', clauseAccount)
		default:
			d.unknown(m, clauseAccount, "an account", accountNames)
		}
	}
	if home < 0 {
		d.missing(n, clauseAccount, "an account", "homePage")
	}
	if name < 0 {
		d.missing(n, clauseAccount, "an account", "name")
	}
	if home < 0 || name < 0 {
		return identity
	}
	from := int32(len(d.words))
	d.words = append(append(d.words, "account:"...), d.text(home)...)
	d.words = append(append(d.words, '\n'), d.text(name)...)
	return word{from, int32(len(d.words))}
}

// checkAuthority validates an authority that the client claims, although the
// server writes its own: an Agent, or what three-legged OAuth makes, a Group
// without identifier of two Agents of which one is the application's account.
func (d *decoder) checkAuthority(n int32) {
	if d.trusted {
		return
	}
	faulty := d.faulty
	d.faulty = false
	d.checkAgent(n, agentOrGroup, 0, 0)
	ok := !d.faulty
	d.faulty = d.faulty || faulty
	if t := d.member(n, "objectType"); !ok || t < 0 || d.text(t) != "Group" {
		return
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "mbox", "mbox_sha1sum", "openid", "account":
			d.fail(m, clauseAuthority, "an authority must be an Agent, or a Group without identifier of the application and its user (OAuth)")
			return
		}
	}
	members, accounts := d.member(n, "member"), 0
	for m := members + 1; m < d.nodes[members].next; m = d.nodes[m].next {
		if d.member(m, "account") >= 0 {
			accounts++
		}
	}
	if count := d.nodes[members].children; count != 2 {
		d.fail(members, clauseAuthority, "an authority that is a Group must have two members (OAuth), not %d", count)
	} else if accounts == 0 {
		d.fail(members, clauseAuthority, "one member of an authority that is a Group must be identified by account: the application (OAuth)")
	}
}

// appendMbox appends an mbox with its domain in lower case: domains are
// case-insensitive, local parts are not (xAPI 1.0.3 Data 2.3.1).
func appendMbox(dst []byte, s string) []byte {
	at := strings.LastIndexByte(s, '@') + 1
	return appendLower(append(dst, s[:at]...), s[at:])
}

// appendLower appends s with its ASCII letters in lower case.
func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, lower(s[i]))
	}
	return dst
}

// validHex reports whether s is n hexadecimal digits.
func validHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return true
}
