package xapi_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// value is a JSON value that can be written in many ways: a string of text, a
// number, a literal, an object or an array.
type value struct {
	text      string
	number    *decimalNumber
	literal   string
	names     []string // of an object's members
	values    []value  // of its members, or elements
	object    bool
	unordered bool   // elements may change places
	instant   *int64 // milliseconds of a timestamp
}

// decimalNumber is digits × 10^exponent.
type decimalNumber struct {
	digits   string
	exponent int
}

func object(pairs ...any) value {
	v := value{object: true}
	for i := 0; i < len(pairs); i += 2 {
		v.names, v.values = append(v.names, pairs[i].(string)), append(v.values, pairs[i+1].(value))
	}
	return v
}

func text(s string) value { return value{text: s} }

// free draws what an extension may hold.
func free(depth int) *rapid.Generator[value] {
	return rapid.Custom(func(t *rapid.T) value {
		kinds := 5
		if depth == 0 {
			kinds = 3
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return text(rapid.String().Draw(t, "text"))
		case 1:
			return value{number: &decimalNumber{
				strings.TrimLeft(rapid.StringMatching(`[0-9]{1,30}`).Draw(t, "digits"), "0") + "1",
				rapid.IntRange(-40, 40).Draw(t, "exponent"),
			}}
		case 2:
			return value{literal: rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "literal")}
		case 3:
			return value{values: rapid.SliceOfN(free(depth-1), 0, 4).Draw(t, "elements")}
		}
		v := value{object: true}
		for i, name := range rapid.SliceOfNDistinct(rapid.String(), 0, 20, rapid.ID).Draw(t, "names") {
			v.names = append(v.names, name)
			if i < 4 {
				v.values = append(v.values, free(depth-1).Draw(t, "member"))
			} else {
				v.values = append(v.values, value{literal: "1"})
			}
		}
		return v
	})
}

// anyStatement draws a valid statement.
func anyStatement() *rapid.Generator[value] {
	return rapid.Custom(func(t *rapid.T) value {
		coin := func(label string) bool { return rapid.Bool().Draw(t, label) }
		agent := func() value {
			switch rapid.IntRange(0, 2).Draw(t, "identifier") {
			case 0:
				return object("mbox", text("mailto:"+rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "mbox")+"@example.com"))
			case 1:
				return object("name", text(rapid.String().Draw(t, "name")), "account", object("homePage", text("https://example.com/"), "name", text(rapid.String().Draw(t, "account"))))
			}
			return object("objectType", text("Agent"), "openid", text("x:"+rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "openid")))
		}
		group := func() value {
			members := value{unordered: true}
			for range rapid.IntRange(1, 5).Draw(t, "members") {
				members.values = append(members.values, agent())
			}
			return object("objectType", text("Group"), "member", members)
		}
		activity := func() value {
			a := object("id", text("x:"+rapid.StringMatching(`[a-zé]{1,4}`).Draw(t, "activity")))
			if coin("defined") {
				a = object("id", a.values[0], "definition", object("name", object("en", text(rapid.String().Draw(t, "activity name")))))
			}
			return a
		}
		s := object("actor", agent(), "verb", object("id", text("x:did"), "display", object("en", text("did"))), "object", activity())
		add := func(name string, v value) { s.names, s.values = append(s.names, name), append(s.values, v) }
		if coin("grouped") {
			s.values[0] = group()
		}
		if coin("timed") {
			at := rapid.Int64Range(-62_000_000_000_000, 250_000_000_000_000).Draw(t, "instant")
			add("timestamp", value{instant: &at})
		}
		if coin("result") {
			add("result", object("response", text(rapid.String().Draw(t, "response")), "extensions", object("x:y", free(3).Draw(t, "extension"))))
		}
		if coin("context") {
			parents := value{unordered: true}
			for range rapid.IntRange(0, 4).Draw(t, "parents") {
				parents.values = append(parents.values, activity())
			}
			add("context", object("team", group(), "contextActivities", object("parent", parents, "other", activity())))
		}
		if coin("sub") {
			inner := object("objectType", text("SubStatement"))
			inner.names, inner.values = append(inner.names, s.names...), append(inner.values, s.values...)
			s = object("actor", agent(), "verb", object("id", text("x:planned")), "object", inner)
		}
		return s
	})
}

// write writes v in one of the many ways.
func (v value) write(t *rapid.T, b *strings.Builder) {
	switch {
	case v.number != nil:
		b.WriteString(v.number.write(t))
	case v.literal != "":
		b.WriteString(v.literal)
	case v.instant != nil:
		writeInstant(t, b, *v.instant)
	case v.object || v.values != nil || v.unordered:
		order := make([]int, len(v.values))
		for i := range order {
			order[i] = i
		}
		if v.object || v.unordered {
			order = rapid.Permutation(order).Draw(t, "order")
		}
		brackets := "[]"
		if v.object {
			brackets = "{}"
		}
		b.WriteByte(brackets[0])
		blank := rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space")
		space := func() { b.WriteString(blank) }
		for n, i := range order {
			if n > 0 {
				b.WriteByte(',')
			}
			space()
			if v.object {
				writeText(t, b, v.names[i])
				space()
				b.WriteByte(':')
				space()
			}
			v.values[i].write(t, b)
			space()
		}
		b.WriteByte(brackets[1])
	default:
		writeText(t, b, v.text)
	}
}

func writeText(t *rapid.T, b *strings.Builder, s string) {
	every := rapid.IntRange(1, 9).Draw(t, "escape every")
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r < ' ' || r == '"' || r == '\\' || i%every == 1:
			if r > 0xFFFF {
				r -= 0x10000
				fmt.Fprintf(b, `\u%04x\u%04X`, 0xD800+r>>10, 0xDC00+r&0x3FF)
			} else {
				fmt.Fprintf(b, `\u%04x`, r)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

func (d decimalNumber) write(t *rapid.T) string {
	zeros := rapid.IntRange(0, 3).Draw(t, "zeros")
	digits := d.digits + strings.Repeat("0", zeros)
	point := rapid.IntRange(0, len(digits)).Draw(t, "point")
	whole, fraction := digits[:point], digits[point:]
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	// Digits that begin with zeros only were drawn away: whole is canonical.
	return whole + fraction + rapid.SampledFrom([]string{"e", "E"}).Draw(t, "e") + strconv.Itoa(d.exponent-zeros+len(digits)-point)
}

func writeInstant(t *rapid.T, b *strings.Builder, milliseconds int64) {
	minutes := rapid.IntRange(-23*60-59, 23*60+59).Draw(t, "offset")
	b.WriteByte('"')
	b.WriteString(spell(milliseconds, minutes, rapid.IntRange(0, 3).Draw(t, "more zeros")))
	b.WriteByte('"')
}

// spell writes a point in time with an offset and zeros that say nothing.
func spell(milliseconds int64, minutes, zeros int) string {
	at := time.UnixMilli(milliseconds).In(time.FixedZone("", minutes*60))
	offset := at.Format("-07:00")
	if minutes == 0 {
		offset = "Z"
	}
	return at.Format("2006-01-02T15:04:05.000") + strings.Repeat("0", zeros) + offset
}
