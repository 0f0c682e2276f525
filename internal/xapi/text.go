package xapi

import (
	"cmp"
	"slices"
)

// edit inserts one byte of JSON before an offset of the body.
type edit struct {
	at     int32
	insert byte
}

// wrap makes the value n the one element of an array.
func (d *decoder) wrap(n int32) {
	d.edits = append(d.edits, edit{d.nodes[n].start, '['}, edit{d.nodes[n].end, ']'})
}

// appendText appends the statement in hand as it is stored: the client's own
// bytes of every property, so that numbers keep their digits and strings their
// escapes, except that
//   - id, stored and authority are left out: the server keeps and writes them;
//   - a single activity in contextActivities stands in an array, as every
//     answer must have it (xAPI 1.0.3 Data 2.4.6.2);
//   - version is added when there was none (Data 2.4.10);
//   - there is no white space between the properties of the statement itself.
//
// It is never empty: a statement has an actor.
func (d *decoder) appendText(dst []byte) []byte {
	// Objects are checked before what precedes them: bring edits in order.
	slices.SortFunc(d.edits, func(a, b edit) int { return cmp.Compare(a.at, b.at) })
	edits, version := d.edits, false
	dst = append(dst, '{')
	first := true
	for n := int32(1); n < d.nodes[0].next; n = d.nodes[n].next {
		switch d.name(n) {
		case "id", "stored", "authority":
			continue
		case "version":
			version = true
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		at, end := d.nodes[n].from, d.nodes[n].end
		for len(edits) > 0 && edits[0].at <= end {
			dst = append(append(dst, d.body[at:edits[0].at]...), edits[0].insert)
			at, edits = edits[0].at, edits[1:]
		}
		dst = append(dst, d.body[at:end]...)
	}
	if !version {
		if d.version == V1 {
			dst = append(dst, `,"version":"1.0.0"`...)
		} else {
			dst = append(dst, `,"version":"2.0.0"`...)
		}
	}
	return append(dst, '}')
}
