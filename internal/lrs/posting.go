package lrs

import (
	"encoding/binary"
	"errors"
)

// A posting list names statements by their stored time in µs, newest last. It
// is written as distances backwards from a time upto: upto-d0, upto-d0-d1, …
// each a uvarint. The distances do not depend on when the transaction gets its
// time, so that the list can be sent before the database has assigned one.
//
// The lists of a group wait together, as key (8 bytes), length of the list in
// bytes (uvarint) and list for each key; all with the same upto.

// appendPosting encodes ascending times, none after upto.
func appendPosting(dst []byte, upto int64, times []int64) []byte {
	for i := len(times) - 1; i >= 0; i-- {
		dst = binary.AppendUvarint(dst, uint64(upto-times[i]))
		upto = times[i]
	}
	return dst
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

// appendWaiting appends one key's list to those of a group.
func appendWaiting(dst []byte, key int64, list []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(key))
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	return append(dst, list...)
}

// eachWaiting calls fn with every key of a group's lists and its list.
func eachWaiting(lists []byte, fn func(key int64, list []byte) error) error {
	_, err := someWaiting(lists, len(lists), fn)
	return err
}

// someWaiting does so for the first of them, until they have so many bytes
// together, and returns the others.
func someWaiting(lists []byte, most int, fn func(key int64, list []byte) error) (left []byte, err error) {
	for end := len(lists) - most; len(lists) > max(end, 0); {
		if len(lists) < 9 {
			return nil, errPosting
		}
		key := int64(binary.LittleEndian.Uint64(lists))
		length, n := binary.Uvarint(lists[8:])
		if n <= 0 || length > uint64(len(lists)-8-n) {
			return nil, errPosting
		}
		lists = lists[8+n:]
		if err := fn(key, lists[:length]); err != nil {
			return nil, err
		}
		lists = lists[length:]
	}
	return lists, nil
}
