package sample

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"
)

// writer appends JSON. The texts of this package need no escaping, so it does
// none.
type writer struct{ b []byte }

func (w *writer) put(parts ...string) {
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
}

func (w *writer) int(n int) { w.b = strconv.AppendInt(w.b, int64(n), 10) }

// thousandths writes n/1000 without needless digits.
func (w *writer) thousandths(n int) {
	w.int(n / 1000)
	if n %= 1000; n != 0 {
		digits := [3]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)}
		last := 3
		for digits[last-1] == '0' {
			last--
		}
		w.b = append(append(w.b, '.'), digits[:last]...)
	}
}

// uuid writes id in quotes.
func (w *writer) uuid(id [16]byte) {
	w.b = append(w.b, '"')
	for i, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			w.b = append(w.b, '-')
		}
		w.b = hex.AppendEncode(w.b, part)
	}
	w.b = append(w.b, '"')
}

// time writes ms since 1970 in quotes, in a zone that many minutes ahead of UTC.
func (w *writer) time(ms int64, zone int) {
	at := time.UnixMilli(ms + int64(zone)*minute).UTC()
	w.b = append(w.b, '"')
	w.b = at.AppendFormat(w.b, "2006-01-02T15:04:05.000")
	if zone == 0 {
		w.b = append(w.b, 'Z', '"')
		return
	}
	sign := byte('+')
	if zone < 0 {
		sign, zone = '-', -zone
	}
	w.b = append(w.b, sign, byte('0'+zone/600), byte('0'+zone/60%10), ':', byte('0'+zone%60/10), byte('0'+zone%10), '"')
}

// duration writes ms as an ISO 8601 duration in quotes, in hours, minutes and
// seconds as most tools do.
func (w *writer) duration(ms int64) {
	w.put(`"PT`)
	if h := ms / hour; h > 0 {
		w.int(int(h))
		w.put("H")
	}
	if m := ms % hour / minute; m > 0 {
		w.int(int(m))
		w.put("M")
	}
	w.thousandths(int(ms % minute / 10 * 10))
	w.put(`S"`)
}

// text writes {"<language>":"<words>"}.
func (w *writer) text(language, words string) {
	w.put(`{"`, language, `":"`, words, `"}`)
}

// appendHex appends the 16 hexadecimal digits of n.
func appendHex(b []byte, n uint64) []byte {
	return hex.AppendEncode(b, binary.BigEndian.AppendUint64(nil, n))
}
