package lrs

import (
	"encoding/binary"
	"errors"
)

// A posting list names statements by their stored time in µs, newest last. It
// is written as distances backwards from the row's upto: upto-d0, upto-d0-d1, …
// each a uvarint. The distances do not depend on when the transaction gets its
// time, so that the list can be sent before the database has assigned one.

// appendPosting encodes the ascending offsets (µs from the transaction's base)
// and returns the list and the greatest offset.
func appendPosting(dst []byte, offsets []int) (list []byte, upto int) {
	upto = offsets[len(offsets)-1]
	previous := upto
	for i := len(offsets) - 1; i >= 0; i-- {
		dst = binary.AppendUvarint(dst, uint64(previous-offsets[i]))
		previous = offsets[i]
	}
	return dst, upto
}

var errPosting = errors.New("lrs: posting list is damaged")

// decodePosting appends the stored times of a list, newest first.
func decodePosting(dst []int64, upto int64, list []byte) ([]int64, error) {
	for at := upto; len(list) > 0; {
		d, n := binary.Uvarint(list)
		if n <= 0 || d > uint64(at) {
			return nil, errPosting
		}
		at -= int64(d)
		dst = append(dst, at)
		list = list[n:]
	}
	return dst, nil
}
