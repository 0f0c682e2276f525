package lrs

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/go-json-experiment/json/jsontext"
)

// A store's own dictionary holds what its statements have in common: activity
// definitions, names of extensions, addresses of its platform. It must hold no
// personal data, for an erasure does not rewrite it. So nothing enters that
// fewer than sharedBy actors have in their statements, and of agents nothing
// enters but the home page of their accounts.

const (
	sharedBy        = 3
	shortestShared  = 12       // bytes; s2 finds shorter matches anyway inside longer ones
	vocabularyBytes = 40 << 10 // with the common dictionary less than s2's 64 KiB
)

// sampled is a statement's text and who its actor is.
type sampled struct {
	actor uint64
	text  []byte
}

// vocabulary returns what the samples have in common, the most useful last,
// where matches are cheapest. It is short or empty when they have little.
func vocabulary(samples []sampled) []byte {
	v := vocabularist{seen: map[uint64]*fragment{}}
	for i := range samples {
		v.actor = samples[i].actor
		v.walk(samples[i].text, false)
	}
	var chosen []*fragment
	for i := range samples {
		chosen = v.choose(chosen, samples[i].text, false)
	}
	slices.SortStableFunc(chosen, func(a, b *fragment) int { return cmp.Compare(b.uses*len(b.text), a.uses*len(a.text)) })
	size := 0
	for i, f := range chosen {
		if size += len(f.text) + 1; size > vocabularyBytes {
			chosen = chosen[:i]
			break
		}
	}
	slices.Reverse(chosen)
	var out []byte
	for _, f := range chosen {
		out = append(append(out, f.text...), ',')
	}
	return out
}

// fragment is one value, or the name of one member, as statements write it.
type fragment struct {
	text   []byte
	actors [sharedBy]uint64
	known  int // of actors
	uses   int
	chosen bool
}

func (f *fragment) shared() bool { return f.known == sharedBy }

type vocabularist struct {
	actor uint64
	seen  map[uint64]*fragment
}

func (v *vocabularist) note(text []byte) {
	if len(text) < shortestShared {
		return
	}
	h := xxhash.Sum64(text)
	f := v.seen[h]
	if f == nil {
		f = &fragment{text: text}
		v.seen[h] = f
	}
	f.uses++
	if f.known < sharedBy && !slices.Contains(f.actors[:f.known], v.actor) {
		f.actors[f.known] = v.actor
		f.known++
	}
}

// walk notes the values in text and reports whether there is an agent among
// them; those with one in them are not noted.
func (v *vocabularist) walk(text []byte, insideAgent bool) (hasAgent bool) {
	switch jsontext.Value(text).Kind() {
	case jsontext.KindBeginObject:
		members := membersOf(text)
		agent := insideAgent || isAgent(members)
		hasAgent = agent
		for _, m := range members {
			if agent && string(m.name) != `"homePage"` && string(m.name) != `"account"` && string(m.name) != `"member"` {
				continue
			}
			v.note(m.name)
			if v.walk(m.value, agent && string(m.name) != `"member"`) {
				hasAgent = true
			}
		}
	case jsontext.KindBeginArray:
		for _, m := range membersOf(text) {
			if v.walk(m.value, insideAgent) {
				hasAgent = true
			}
		}
	case jsontext.KindString:
	default:
		return false
	}
	if !hasAgent {
		v.note(text)
	}
	return hasAgent
}

// choose appends the largest shared fragments of text that are not chosen yet.
func (v *vocabularist) choose(chosen []*fragment, text []byte, insideAgent bool) []*fragment {
	kind := jsontext.Value(text).Kind()
	if kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray && kind != jsontext.KindString {
		return chosen
	}
	take := func(text []byte) bool {
		f := v.seen[xxhash.Sum64(text)]
		if f == nil || !f.shared() {
			return false
		}
		if !f.chosen {
			f.chosen = true
			chosen = append(chosen, f)
		}
		return true
	}
	if take(text) || kind == jsontext.KindString {
		return chosen
	}
	members := membersOf(text)
	agent := insideAgent || isAgent(members)
	for _, m := range members {
		if agent && m.name != nil && string(m.name) != `"homePage"` && string(m.name) != `"account"` && string(m.name) != `"member"` {
			continue
		}
		if m.name != nil {
			take(m.name)
		}
		chosen = v.choose(chosen, m.value, agent && string(m.name) != `"member"`)
	}
	return chosen
}

type member struct{ name, value []byte }

// membersOf splits an object or array, which is valid, into its parts.
func membersOf(text []byte) []member {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true)) // it is known to have none
	open, err := d.ReadToken()
	if err != nil {
		return nil
	}
	object := open.Kind() == jsontext.KindBeginObject
	var all []member
	for d.PeekKind() != jsontext.KindEndObject && d.PeekKind() != jsontext.KindEndArray && d.PeekKind() != jsontext.KindInvalid {
		var m member
		if object {
			name, err := d.ReadValue()
			if err != nil {
				return all
			}
			m.name = bytes.Clone(name)
		}
		value, err := d.ReadValue()
		if err != nil {
			return all
		}
		m.value = bytes.Clone(value)
		all = append(all, m)
	}
	return all
}

func isAgent(members []member) bool {
	return slices.ContainsFunc(members, func(m member) bool {
		switch string(m.name) {
		case `"mbox"`, `"mbox_sha1sum"`, `"openid"`, `"account"`, `"member"`:
			return true
		}
		return false
	})
}
