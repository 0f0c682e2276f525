package lrs

import (
	_ "embed"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// Payloads are S2 blocks compressed against a dictionary of what statements of
// the common profiles and authoring tools have in common. A dictionary is for
// ever: a better one gets the next number, and the column dict says which one a
// row was written with.
const currentDict = 1

//go:embed dict/v1.json
var dictV1 []byte

var dicts = [...]*s2.Dict{1: s2.MakeDict(dictV1, nil)}

// maxPayload bounds what a damaged row can make us allocate, in bytes.
const maxPayload = 64 << 20

func compress(text []byte) []byte {
	return dicts[currentDict].Encode(nil, text)
}

func decompress(dict int16, payload []byte) ([]byte, error) {
	if dict < 1 || int(dict) >= len(dicts) {
		return nil, fmt.Errorf("lrs: payload with unknown dictionary %d", dict)
	}
	if n, err := s2.DecodedLen(payload); err != nil || n > maxPayload {
		return nil, fmt.Errorf("lrs: payload is damaged (%d bytes): %w", n, err)
	}
	text, err := dicts[dict].Decode(nil, payload)
	if err != nil {
		return nil, fmt.Errorf("lrs: payload is damaged: %w", err)
	}
	return text, nil
}
