package xapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

const digest = "495395E777CD98DA653DF9615D09C0FD6BB2F8D4788394CD53C56A3BFDCD848A"

const head = `{"usageType":"https://example.com/use","display":{"en":"A"},"contentType":"text/plain; charset=ascii","length":27,"sha2":"` + digest + `"}`

// attachment returns a statement with one attachment, in which from is to.
func attachment(from, to string) string {
	return statement(`"attachments":[` + strings.Replace(head, from, to, 1) + `]`)
}

func TestAttachmentAccepted(t *testing.T) {
	t.Parallel()
	testAccepted(t, map[string]string{
		"none":                    statement(`"attachments":[]`),
		"one":                     attachment("", ""),
		"in a SubStatement":       subStatement(`"attachments":[` + head + `]`),
		"with all":                attachment(`"length"`, `"description":{"de":"A"},"fileUrl":"https://example.com/a","length"`),
		"of nothing":              attachment("27", "0"),
		"27 in another spelling":  attachment("27", "2.70e+1"),
		"SHA-224":                 attachment(digest, digest[:56]),
		"SHA-384":                 attachment(digest, digest+digest[:32]),
		"SHA-512":                 attachment(digest, digest+digest),
		"a type of no parameters": attachment("text/plain; charset=ascii", "application/octet-stream"),
	})
}

func TestAttachmentRefused(t *testing.T) {
	t.Parallel()
	one := func(name, from, to string, want broken) refusal {
		if want.section1 == "" {
			want.section1, want.section2 = "2.4.11", "4.2.2.6"
		}
		want.path = "/attachments/0" + want.path
		return refusal{name, attachment(from, to), []broken{want}}
	}
	testRefusals(t, []refusal{
		{"an object", statement(`"attachments":{}`), []broken{{"/attachments", "must be an array, not an object", "2.4.11", "4.2.2.6"}}},
		{"strings", statement(`"attachments":["a"]`), []broken{{"/attachments/0", "must be an object, not a string", "2.4.11", "4.2.2.6"}}},
		{"empty", statement(`"attachments":[{}]`), []broken{
			{"/attachments/0", `an attachment must have the property "usageType"`, "2.4.11", "4.2.2.6"},
			{"/attachments/0", `an attachment must have the property "display"`, "2.4.11", "4.2.2.6"},
			{"/attachments/0", `an attachment must have the property "contentType"`, "2.4.11", "4.2.2.6"},
			{"/attachments/0", `an attachment must have the property "length"`, "2.4.11", "4.2.2.6"},
			{"/attachments/0", `an attachment must have the property "sha2"`, "2.4.11", "4.2.2.6"},
		}},
		one("usageType no IRI", "https://example.com/use", "should fail", broken{path: "/usageType", rule: `must be an IRI with a scheme, like https://example.com/a, not "should fail"`}),
		one("display a string", `{"en":"A"}`, `"A"`, broken{path: "/display", rule: "must be an object, not a string"}),
		one("display in no language", `"en"`, `"a12345678"`, broken{"/display/a12345678", `the key must be a language tag like en or pt-BR, not "a12345678"`, "4.2", "4.2.7"}),
		one("description a number", `"length"`, `"description":12345,"length"`, broken{path: "/description", rule: "must be an object, not a number"}),
		one("contentType a number", `"text/plain; charset=ascii"`, `12345`, broken{path: "/contentType", rule: "must be a string, not a number"}),
		one("contentType no type", `text/plain; charset=ascii`, `plain`, broken{path: "/contentType", rule: `must be a media type like image/png, not "plain"`}),
		one("contentType with a space", `text/plain; charset=ascii`, `text/pl ain`, broken{path: "/contentType", rule: `must be a media type like image/png, not "text/pl ain"`}),
		one("contentType of half a type", `text/plain; charset=ascii`, `text/`, broken{path: "/contentType", rule: `must be a media type like image/png, not "text/"`}),
		one("length a string", `27`, `"27"`, broken{path: "/length", rule: "must be a number, not a string"}),
		one("length negative", `27`, `-27`, broken{path: "/length", rule: "must be a whole number of octets, not -27"}),
		one("length with a fraction", `27`, `27.5`, broken{path: "/length", rule: "must be a whole number of octets, not 27.5"}),
		one("length beyond all files", `27`, `1e19`, broken{path: "/length", rule: "must be a whole number of octets, not 1e19"}),
		one("length beyond all numbers", `27`, `1e99999999999999999999`, broken{path: "/length", rule: "must be a whole number of octets, not 1e99999999999999999999"}),
		one("sha2 no sum", digest, "should fail", broken{path: "/sha2", rule: `must be a SHA-2 sum in hexadecimal digits, like the 64 of SHA-256, not "should fail"`}),
		one("sha2 a SHA-1 sum", digest, digest[:40], broken{path: "/sha2", rule: `must be a SHA-2 sum in hexadecimal digits, like the 64 of SHA-256, not "` + digest[:40] + `"`}),
		one("fileUrl no IRL", `"length"`, `"fileUrl":"a.txt","length"`, broken{path: "/fileUrl", rule: `must be an IRL with a scheme, like https://example.com/a, not "a.txt"`}),
		one("unknown property", `"length"`, `"fileURL":"x:y","length"`, broken{"/fileURL", `"fileURL" must be written "fileUrl": names are case-sensitive`, "2.2", "4.2.1"}),
	})
}

func TestAttachmentHeads(t *testing.T) {
	t.Parallel()
	of := func(n, more string) string {
		return `{"usageType":"https://example.com/` + n + `","display":{"en":"A"},"contentType":"text/` + n + `","length":` + n + `,"sha2":"` + digest + `"` + more + `}`
	}
	s := decode(t, statement(
		`"object":{"objectType":"SubStatement","actor":`+ada+`,"verb":`+did+`,"object":`+quiz+`,"attachments":[`+of("3", "")+`]}`,
		`"attachments":[`+of("1", "")+`,`+of("2", `,"fileUrl":"https://example.com/\u0061"`)+`]`,
	), xapi.V1)
	sum := strings.ToLower(digest)
	require.ElementsMatch(t, []xapi.Attachment{
		{SHA2: sum, ContentType: "text/1", UsageType: "https://example.com/1", Length: 1},
		{SHA2: sum, ContentType: "text/2", UsageType: "https://example.com/2", Length: 2, FileURL: "https://example.com/a"},
		{SHA2: sum, ContentType: "text/3", UsageType: "https://example.com/3", Length: 3},
	}, s.Attachments)
}
