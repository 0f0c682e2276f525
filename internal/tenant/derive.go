package tenant

import (
	"crypto/hkdf"
	"crypto/sha256"
)

// Derive returns a key of 32 bytes for another purpose than hashing secrets,
// one for each version of the peppers (HKDF-SHA256), and the current version.
// purpose names it once and for all, e.g. "links to more statements".
func (p *Peppers) Derive(purpose string) (byVersion map[int16][]byte, current int16) {
	byVersion = make(map[int16][]byte, len(p.byVersion))
	for version, pepper := range p.byVersion {
		key, err := hkdf.Key(sha256.New, pepper, nil, "stoa: "+purpose, sha256.Size)
		if err != nil {
			panic(err) // only for a length that no hash gives
		}
		byVersion[version] = key
	}
	return byVersion, p.current
}
