package xapi

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestValidIRI(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"http://example.com", "https://example.com/a/b?c=d&e=f#g", "HTTP://EXAMPLE.COM/", "x:y", "urn:uuid:8f87ccde-bb56-4c2e-ab83-44982ef22df0",
		"course-v1:edX+DemoX+2026", "block-v1:edX+DemoX+2026+type@problem+block@a0b1", "tag:example.com,2026:a", "mailto:ada@example.com",
		"act:x", "http://[2001:db8::1]:8080/a", "http://example.com/?a[]=1&b[2]=c", "http://example.com/%20%ff", "a+b-c.d:e",
		"http://example.com/فعل/خواندن", "http://例え.jp/テスト?質問=はい", "http://example.com/😀", "http://example.com/?\ue000", "http://example.com/a#b?c/d",
		"http://example.com//a//b", "http:a", "http:/a", "http://", "about:blank", "http://user:pass@example.com:80/",
		"http://example.com/a;b=c,d(e)!$&'*+=~_", "http://example.com/../a",
	} {
		require.True(t, validIRI(s), s)
	}
	for _, s := range []string{
		"", ":", "x:", "x", "id", "/a", "//example.com/a", "../a", "example.com/a", "#a", "?a", "1x:y", "-x:y", ".x:y", "ab=c://should.fail.com",
		"é:a", " http://example.com", "http://example.com ", "http://example.com/a b", "should fail", "http://example.com/\"", "http://example.com/<a>",
		"http://example.com/a\\b", "http://example.com/^", "http://example.com/`", "http://example.com/{a}", "http://example.com/a|b",
		"http://example.com/[a]", "http://example.com/#[a]", "http://example.com/%", "http://example.com/%2", "http://example.com/%zz", "http://example.com/a#b#c",
		"http://example.com/\x00", "http://example.com/\n", "http://example.com/\x7f", "http://example.com/\u0080", "http://example.com/\ufffd",
		"http://example.com/\ue000", "http://example.com/\ufdd0", "http://example.com/\U0001fffe", "http://example.com/\U000e0001", "http://example.com/\xff",
	} {
		require.False(t, validIRI(s), "%q", s)
	}
	require.True(t, validURI("https://example.com/a?b"))
	require.False(t, validURI("https://example.com/é"))
	require.False(t, validURI("example.com"))
}

func TestValidMbox(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"mailto:ada@example.com", "mailto:a@b", "mailto:a.b+c_d-e@sub.example.co.uk", "mailto:o'hara@example.com", "mailto:a%20b@example.com",
		"mailto:..a..@docomo.example", "mailto:用户@例え.jp", "mailto:a@xn--r8jz45g.jp", "mailto:a@[192.0.2.1]", "mailto:a@[IPv6:2001:db8::1]",
		"mailto:a{b}|c~@example.com", "mailto:a@b_c.example.com",
	} {
		require.True(t, validMbox(s), s)
	}
	for _, s := range []string{
		"", "ada@example.com", "mailto:", "mailto:@", "mailto:ada", "mailto:ada@", "mailto:@example.com", "mailto:should.fail.com", "MAILTO:ada@example.com",
		"http://should.fail.com", "mailto:ada@example.com?subject=a", "mailto:a,b@example.com", "mailto:a@example.com,b@example.com",
		"mailto:a b@example.com", "mailto:a@exa mple.com", "mailto:a@.com", "mailto:a@b..c", "mailto:a@b.", "mailto:a@[]", "mailto:a@[b c]", "mailto:a%zz@b", "mailto:a%2@b",
		"mailto:a@b@c", "mailto:a#b@c", "mailto:a?b@c", "mailto:<a@b>", "mailto:a@b>", "mailto:\"a\"@b", "mailto:a@b\n", "mailto:a@\ufffd.com", "mailto:\ufffd@a", "mailto:a\x00@b",
	} {
		require.False(t, validMbox(s), "%q", s)
	}
}

func FuzzValidIRI(f *testing.F) {
	for _, s := range []string{"http://example.com/a?b#c", "x:%20é", "course-v1:a+b", "mailto:ada@example.com", "http://[::1]/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if validMbox(s) {
			require.Equal(t, s[:strings.LastIndexByte(s, '@')+1], string(appendMbox(nil, s))[:strings.LastIndexByte(s, '@')+1])
			require.True(t, validMbox(string(appendMbox(nil, s))))
		}
		if !validIRI(s) {
			require.False(t, validURI(s))
			return
		}
		require.True(t, utf8.ValidString(s))
		require.False(t, strings.ContainsAny(s, " \"<>\\^`{|}\n\r\t\x00"))
		require.Positive(t, strings.IndexByte(s, ':'))
		require.LessOrEqual(t, strings.Count(s, "#"), 1)
		// A path behind it or a fragment keeps it an IRI.
		if !strings.ContainsAny(s, "?#") {
			require.True(t, validIRI(s+"/a?b"))
		}
		if !strings.Contains(s, "#") {
			require.True(t, validIRI(s+"#a"))
		}
	})
}
