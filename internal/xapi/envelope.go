package xapi

import (
	"bytes"
	"strings"
	"time"

	"github.com/google/uuid"
)

// StoredLayout writes stored and every timestamp made here: RFC 3339, UTC, six
// digits of a second.
const StoredLayout = "2006-01-02T15:04:05.000000Z"

// Envelope is what the record store adds to the text of a statement.
type Envelope struct {
	ID        uuid.UUID
	Stored    time.Time
	Authority []byte // JSON of the agent or group
}

// Append appends to dst the complete statement, as the exact format returns
// it: id, stored, authority, timestamp (that of stored, if text has none), and
// then text, which is a [Statement.Text]. Under V2 every timestamp is written
// in UTC (xAPI 2.0 4.2.2), those of text included; else text keeps its bytes.
func (e Envelope) Append(dst, text []byte, v Version) []byte {
	dst = append(dst, `{"id":"`...)
	dst = appendUUID(dst, e.ID)
	dst = append(dst, `","stored":"`...)
	dst = e.Stored.UTC().AppendFormat(dst, StoredLayout)
	dst = append(dst, `","authority":`...)
	dst = append(dst, e.Authority...)

	times := timestamps(text)
	if !times.own {
		dst = append(dst, `,"timestamp":"`...)
		dst = e.Stored.UTC().AppendFormat(dst, StoredLayout)
		dst = append(dst, '"')
	}
	body := text[bytes.IndexByte(text, '{')+1:]
	offset := len(text) - len(body)
	if rest := bytes.TrimLeft(body, " \t\r\n"); len(rest) > 0 && rest[0] != '}' {
		dst = append(dst, ',')
	}
	if v != V2 {
		return append(dst, body...)
	}
	for _, at := range times.local[:times.n] {
		if at.start == at.end {
			continue
		}
		dst = append(dst, text[offset:at.start]...)
		dst = appendUTC(dst, text[at.start:at.end])
		offset = at.end
	}
	return append(dst, text[offset:]...)
}

func appendUUID(dst []byte, id uuid.UUID) []byte {
	const hex = "0123456789abcdef"
	for i, b := range id {
		switch i {
		case 4, 6, 8, 10:
			dst = append(dst, '-')
		}
		dst = append(dst, hex[b>>4], hex[b&15])
	}
	return dst
}

// times are the timestamps of a statement's text: whether it has one of its
// own, and where those stand that are not in UTC, in the order of the text.
// There are two at most: its own and its SubStatement's.
type times struct {
	own   bool
	local [2]struct{ start, end int }
	n     int
}

var (
	timestampName = []byte("timestamp")
	escape        = []byte(`\u`)
)

func timestamps(text []byte) times {
	var t times
	if !bytes.Contains(text, timestampName) && !bytes.Contains(text, escape) {
		return t
	}
	s := scanOf(text)
	for s.next() {
		switch string(s.name()) {
		case "timestamp":
			t.own = true
			t.note(s.value, s.at)
		case "object":
			end := s.at - len(s.value)
			if !bytes.Contains(s.value, timestampName) && !bytes.Contains(s.value, escape) || object(s.value) != inStatement {
				continue
			}
			sub := scanOf(s.value)
			for sub.next() {
				if string(sub.name()) == "timestamp" {
					t.note(sub.value, end+sub.at)
				}
			}
		}
	}
	return t
}

// note keeps a timestamp that ends at end, unless it is in UTC already and
// not in one of the short forms of ISO 8601.
func (t *times) note(value []byte, end int) {
	full := bytes.HasSuffix(value, []byte(`Z"`)) && len(value) > len(`"2006-01-02T15:04Z"`) && value[len(`"2006`)] == '-'
	if full || t.n == len(t.local) {
		return
	}
	t.local[t.n].start, t.local[t.n].end = end-len(value), end
	t.n++
}

// appendUTC writes a JSON string that is a timestamp in UTC and keeps the
// digits of its seconds: precision is the client's.
func appendUTC(dst, raw []byte) []byte {
	text := string(unquote(raw))
	at, ok := ParseTimestamp(text, V1) // 1.0.3 reads every form that is stored
	if !ok {
		return append(dst, raw...)
	}
	dst = append(dst, '"')
	dst = at.AppendFormat(dst, "2006-01-02T15:04:05")
	if i := strings.IndexByte(text, '.'); i >= 0 {
		end := i + 1
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
		dst = append(dst, text[i:end]...)
	}
	return append(dst, `Z"`...)
}
