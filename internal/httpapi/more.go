package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// moreTokens makes and reads the token in a link to more results: the whole
// query and where the page ended, readable for nobody but us to change. It is
// signed for one tenant, store and reader, which stand in the signature and
// not in the token: used by anybody else it is as forged. Nothing is
// remembered, so it works on every replica and after a restart.
type moreTokens struct {
	keys map[int16][]byte // by version of the server's secret
	sign int16            // version that new tokens are signed with
}

// moreReader is who a token belongs to.
type moreReader struct {
	tenant, store int64
	key           int64 // set for a key that reads its own statements only
}

const (
	moreHead = 2 + 8 // version of the secret, cursor
	moreMAC  = 16
)

// encode returns the token for the page of query (in canonical encoding) after cursor.
func (m *moreTokens) encode(who moreReader, query string, cursor int64) string {
	token := make([]byte, 0, moreHead+len(query)+moreMAC)
	token = binary.BigEndian.AppendUint16(token, uint16(m.sign))
	token = binary.BigEndian.AppendUint64(token, uint64(cursor))
	token = append(token, query...)
	token = append(token, m.mac(m.sign, who, token)...)
	return base64.RawURLEncoding.EncodeToString(token)
}

// decode is the inverse of encode; Invalid for whatever encode has not made for who.
func (m *moreTokens) decode(who moreReader, text string) (query string, cursor int64, err error) {
	token, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(token) < moreHead+moreMAC {
		return "", 0, errMore()
	}
	signed, mac := token[:len(token)-moreMAC], token[len(token)-moreMAC:]
	version := int16(binary.BigEndian.Uint16(signed))
	if m.keys[version] == nil || !hmac.Equal(mac, m.mac(version, who, signed)) {
		return "", 0, errMore()
	}
	return string(signed[moreHead:]), int64(binary.BigEndian.Uint64(signed[2:])), nil
}

func errMore() error {
	return fault.New(fault.Invalid, "this link to more statements was not made for you, or has been changed: start again from the query")
}

func (m *moreTokens) mac(version int16, who moreReader, signed []byte) []byte {
	h := hmac.New(sha256.New, m.keys[version])
	var head [24]byte
	binary.BigEndian.PutUint64(head[0:], uint64(who.tenant))
	binary.BigEndian.PutUint64(head[8:], uint64(who.store))
	binary.BigEndian.PutUint64(head[16:], uint64(who.key))
	h.Write(head[:])
	h.Write(signed)
	return h.Sum(nil)[:moreMAC]
}
