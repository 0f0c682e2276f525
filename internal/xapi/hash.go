package xapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// Two statements are the same when their canonical forms are (xAPI 1.0.3 Data
// 2.3.1, xAPI 2.0 4.2.4). The canonical form leaves out
//
//   - id, stored, authority and version of the statement;
//   - the display of verbs and the definitions of activities: they belong to
//     the verb and the activity, not to the statement;
//
// and makes alike
//
//   - members of an object in any order, with any white space and escapes;
//   - numbers of one value: 1, 1.0 and 1e0, of any size (see appendDecimal);
//   - timestamps of one instant;
//   - durations that differ beyond 0.01 seconds; otherwise they are text;
//   - members of a Group, and the activities of one place in
//     contextActivities, in any order; a single activity and an array of it;
//   - letter case where it has no meaning: UUIDs, sums, domains.
//
// It is a sequence of tagged, length-prefixed parts, so that no two different
// statements have one form. The hash is the first half of its SHA-256.
// Sorting members and hashing once costs a third of a hash for every object.

// canon is the scratch memory of the canonical form.
type canon struct {
	bytes  []byte
	spare  []byte
	order  []int32    // stack of members to sort
	ranges [][2]int32 // stack of elements to sort, in bytes
}

func (c *canon) size() int { return cap(c.bytes) + cap(c.spare) }

// UntimedHash returns the hash that the statement text, a [Statement.Text] with
// or without its envelope, has without its timestamp. A record store gives a
// timestamp to a statement that has none, so a statement and what a store has
// made of it differ by that only (xAPI 1.0.3 Data 2.3.1). Text that is not JSON
// is Internal.
func UntimedHash(text []byte) ([16]byte, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	if err := d.load(text); err != nil {
		return [16]byte{}, err
	}
	return d.hash(partUntimed), nil
}

// hash returns the hash of the valid statement in hand, taken for a p.
func (d *decoder) hash(p part) (h [16]byte) {
	d.canon.bytes, d.canon.order, d.canon.ranges = d.canon.bytes[:0], d.canon.order[:0], d.canon.ranges[:0]
	d.canonical(0, p)
	sum := sha256.Sum256(d.canon.bytes)
	copy(h[:], sum[:])
	return h
}

// canonical appends the canonical form of the value n, which is a p.
func (d *decoder) canonical(n int32, p part) {
	c := &d.canon
	v := &d.nodes[n]
	switch v.kind {
	case '{':
		switch p {
		case partActivities:
			// A single activity is an array of one.
			c.bytes = append(c.bytes, '[')
			d.canonicalObject(n, partActivity)
			c.bytes = append(c.bytes, ']')
		case partObject:
			d.canonicalObject(n, d.objectPart(n))
		default:
			d.canonicalObject(n, p)
		}
	case '[':
		d.canonicalArray(n, p)
	case '"':
		d.canonicalString(d.text(n), p)
	case '0':
		c.bytes = append(c.bytes, '0')
		c.bytes = appendDecimal(c.bytes, d.text(n))
		c.bytes = append(c.bytes, ';')
	default:
		c.bytes = append(c.bytes, byte(v.kind))
	}
}

// objectPart returns what the object of a statement is.
func (d *decoder) objectPart(n int32) part {
	t := d.member(n, "objectType")
	if t < 0 {
		return partActivity
	}
	switch d.text(t) {
	case "Agent", "Group":
		return partAgent
	case "StatementRef":
		return partReference
	case "SubStatement":
		return partSubStatement
	}
	return partActivity
}

func (d *decoder) canonicalObject(n int32, p part) {
	c := &d.canon
	begin := len(c.order)
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		if _, counts := partOf(p, d.name(m)); counts {
			c.order = append(c.order, m)
		}
	}
	end := len(c.order)
	d.sortMembers(c.order[begin:end])
	c.bytes = append(c.bytes, '{')
	for i := begin; i < end; i++ {
		m := c.order[i]
		name := d.name(m)
		child, _ := partOf(p, name)
		c.bytes = appendCounted(c.bytes, name)
		d.canonical(m, child)
	}
	c.bytes = append(c.bytes, '}')
	c.order = c.order[:begin]
}

// sortMembers sorts members by name. Most objects have a handful, for which
// insertion needs no closure and little work.
func (d *decoder) sortMembers(members []int32) {
	if len(members) > 12 {
		slices.SortFunc(members, func(a, b int32) int { return strings.Compare(d.name(a), d.name(b)) })
		return
	}
	for i := 1; i < len(members); i++ {
		m := members[i]
		name, k := d.name(m), i
		for ; k > 0 && d.name(members[k-1]) > name; k-- {
			members[k] = members[k-1]
		}
		members[k] = m
	}
}

func (d *decoder) canonicalArray(n int32, p part) {
	c := &d.canon
	element, unordered := elementOf(p)
	c.bytes = append(c.bytes, '[')
	first, begin := len(c.bytes), len(c.ranges)
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		from := len(c.bytes)
		d.canonical(m, element)
		if unordered {
			c.ranges = append(c.ranges, [2]int32{int32(from), int32(len(c.bytes))})
		}
	}
	if ranges := c.ranges[begin:]; len(ranges) > 1 {
		slices.SortFunc(ranges, func(a, b [2]int32) int {
			return bytes.Compare(c.bytes[a[0]:a[1]], c.bytes[b[0]:b[1]])
		})
		c.spare = c.spare[:0]
		for _, r := range ranges {
			c.spare = append(c.spare, c.bytes[r[0]:r[1]]...)
		}
		copy(c.bytes[first:], c.spare)
	}
	c.ranges = c.ranges[:begin]
	c.bytes = append(c.bytes, ']')
}

func (d *decoder) canonicalString(s string, p part) {
	c := &d.canon
	switch p {
	case partMbox, partLower:
		c.bytes = binary.AppendUvarint(append(c.bytes, '"'), uint64(len(s)))
		if p == partMbox {
			c.bytes = appendMbox(c.bytes, s)
		} else {
			c.bytes = appendLower(c.bytes, s)
		}
	case partTimestamp:
		at, _ := parseInstant(s, V1)
		c.bytes = binary.AppendVarint(append(c.bytes, 'T'), at.time.Unix())
		c.bytes = appendCounted(c.bytes, at.fraction)
	case partDuration:
		c.bytes = appendDuration(append(c.bytes, 'P'), s)
	default:
		c.bytes = appendCounted(append(c.bytes, '"'), s)
	}
}

// appendDuration appends the text of a duration, without what of the seconds'
// fraction is beyond 0.01 or is zeros at its end.
func appendDuration(dst []byte, s string) []byte {
	if length, _ := parseInterval(s); length.fraction > 0 {
		end := min(length.fraction+3, len(s)-1)
		for s[end-1] == '0' && end-1 > length.fraction {
			end--
		}
		if end-1 == length.fraction {
			end--
		}
		dst = append(dst, s[:end]...)
		s = "S"
	}
	return append(append(dst, s...), ';')
}

func appendCounted(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
