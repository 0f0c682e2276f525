package lrs

import (
	"bytes"
	"cmp"
	"iter"
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
	trees := make([][]node, len(samples))
	for i, s := range samples {
		trees[i] = treeOf(s.text)
		v.actor = s.actor
		if len(trees[i]) > 0 {
			v.note(trees[i], false)
		}
	}
	for _, tree := range trees {
		if len(tree) > 0 {
			v.choose(tree, false)
		}
	}
	slices.SortStableFunc(v.chosen, func(a, b *fragment) int { return cmp.Compare(b.uses*len(b.text), a.uses*len(a.text)) })
	size := 0
	for i, f := range v.chosen {
		if size += len(f.text) + 1; size > vocabularyBytes {
			v.chosen = v.chosen[:i]
			break
		}
	}
	slices.Reverse(v.chosen)
	var out []byte
	for _, f := range v.chosen {
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

type vocabularist struct {
	actor  uint64
	seen   map[uint64]*fragment
	chosen []*fragment
}

func (v *vocabularist) count(text []byte) {
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

// note counts the names and values in a tree and reports whether there is an
// agent in it; a value with one in it is not counted.
func (v *vocabularist) note(tree []node, insideAgent bool) (hasAgent bool) {
	agent := insideAgent || isAgent(tree)
	hasAgent = agent && tree[0].kind == jsontext.KindBeginObject
	for child := range children(tree) {
		if agent && child[0].private() {
			continue
		}
		v.count(child[0].name)
		if v.note(child, agent && !child[0].named("member")) {
			hasAgent = true
		}
	}
	if !hasAgent {
		v.count(tree[0].text)
	}
	return hasAgent
}

// choose takes the largest fragments of a tree that are shared.
func (v *vocabularist) choose(tree []node, insideAgent bool) {
	if v.take(tree[0].text) {
		return
	}
	agent := insideAgent || isAgent(tree)
	for child := range children(tree) {
		if agent && child[0].private() {
			continue
		}
		v.take(child[0].name)
		v.choose(child, agent && !child[0].named("member"))
	}
}

// take reports whether text is shared, and chooses it then.
func (v *vocabularist) take(text []byte) bool {
	if len(text) < shortestShared {
		return false
	}
	f := v.seen[xxhash.Sum64(text)]
	if f == nil || f.known < sharedBy {
		return false
	}
	if !f.chosen {
		f.chosen = true
		v.chosen = append(v.chosen, f)
	}
	return true
}

// node is one value of a JSON text. Its descendants follow it in the tree.
type node struct {
	kind       jsontext.Kind
	name, text []byte // as they are written; no name in an array
	size       int    // of the subtree, in nodes
}

func (n *node) named(name string) bool {
	return len(n.name) == len(name)+2 && string(n.name[1:len(n.name)-1]) == name
}

// private reports whether a member of an agent may tell who it is.
func (n *node) private() bool {
	return n.name != nil && !n.named("homePage") && !n.named("account") && !n.named("member")
}

// children yields the subtrees of a tree's members or elements.
func children(tree []node) iter.Seq[[]node] {
	return func(yield func([]node) bool) {
		for at := 1; at < tree[0].size; at += tree[at].size {
			if !yield(tree[at : at+tree[at].size]) {
				return
			}
		}
	}
}

func isAgent(tree []node) bool {
	for child := range children(tree) {
		switch n := &child[0]; {
		case n.named("mbox"), n.named("mbox_sha1sum"), n.named("openid"), n.named("account"), n.named("member"):
			return true
		}
	}
	return false
}

// treeOf reads a valid JSON text.
func treeOf(text []byte) []node {
	t := treeReader{text: text, d: jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))} // it is known to have none
	if t.value(nil) != nil {
		return nil
	}
	return t.nodes
}

type treeReader struct {
	text  []byte
	d     *jsontext.Decoder
	nodes []node
}

// next is where the next token begins.
func (t *treeReader) next() int {
	at := int(t.d.InputOffset())
	for at < len(t.text) && bytes.IndexByte([]byte(" \t\r\n,:"), t.text[at]) >= 0 {
		at++
	}
	return at
}

func (t *treeReader) value(name []byte) error {
	start, index := t.next(), len(t.nodes)
	token, err := t.d.ReadToken()
	if err != nil {
		return err
	}
	kind := token.Kind()
	t.nodes = append(t.nodes, node{kind: kind, name: name})
	if kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray {
		for t.d.PeekKind() != jsontext.KindEndObject && t.d.PeekKind() != jsontext.KindEndArray {
			var name []byte
			if kind == jsontext.KindBeginObject {
				at := t.next()
				if _, err := t.d.ReadToken(); err != nil {
					return err
				}
				name = t.text[at:t.d.InputOffset()]
			}
			if err := t.value(name); err != nil {
				return err
			}
		}
		if _, err := t.d.ReadToken(); err != nil {
			return err
		}
	}
	n := &t.nodes[index]
	n.text, n.size = t.text[start:t.d.InputOffset()], len(t.nodes)-index
	return nil
}
