package xapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

func TestMergeDefinition(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, newer, want string }{
		"nothing known":        {``, `{"type":"a:b"}`, `{"type":"a:b"}`},
		"nothing new":          {`{"name":{"en":"a"}}`, `{}`, `{"name":{"en":"a"}}`},
		"another language":     {`{"name":{"en":"a"}}`, `{"name":{"de":"b"}}`, `{"name":{"en":"a","de":"b"}}`},
		"the same language":    {`{"name":{"en":"a","fr":"c"}}`, `{"name":{"en":"b"}}`, `{"name":{"en":"b","fr":"c"}}`},
		"descriptions":         {`{"description":{"en":"a"}}`, `{"description":{"de":"b"},"name":{"en":"n"}}`, `{"description":{"en":"a","de":"b"},"name":{"en":"n"}}`},
		"extensions":           {`{"extensions":{"a:a":{"x":1},"a:b":1.0}}`, `{"extensions":{"a:a":{"y":2}}}`, `{"extensions":{"a:a":{"y":2},"a:b":1.0}}`},
		"what is else is new":  {`{"type":"a:a","moreInfo":"a:c","choices":[{"id":"1"}]}`, `{"type":"a:b","choices":[]}`, `{"type":"a:b","moreInfo":"a:c","choices":[]}`},
		"numbers and escapes":  {`{"extensions":{"a:\u0061":1e400}}`, `{"extensions":{"a:a":0.10}}`, `{"extensions":{"a:\u0061":0.10}}`},
		"order stays as it is": {`{"type":"a:a","name":{"en":"a"}}`, `{"name":{"en":"b"},"type":"a:b"}`, `{"type":"a:b","name":{"en":"b"}}`},
	} {
		require.Equal(t, c.want, string(xapi.MergeDefinition([]byte(c.old), []byte(c.newer))), name)
	}
}

func TestActivityObject(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{"objectType":"Activity","id":"http://example.org/\"ä"}`, string(xapi.ActivityObject(`http://example.org/"ä`, nil)))
	require.Equal(t, `{"objectType":"Activity","id":"a:b","definition":{"type":"c:d"}}`, string(xapi.ActivityObject("a:b", []byte(`{"type":"c:d"}`))))
}

func TestPerson(t *testing.T) {
	t.Parallel()
	for identity, want := range map[string]string{
		annIdentity:                       `"mbox":["mailto:ann@example.org"]`,
		"sha1:00ff":                       `"mbox_sha1sum":["00ff"]`,
		"openid:http://a.example.org/":    `"openid":["http://a.example.org/"]`,
		"account:http://h.example.org\nn": `"account":[{"homePage":"http://h.example.org","name":"n"}]`,
	} {
		require.Equal(t, `{"objectType":"Person",`+want+`}`, string(xapi.Person(identity)))
		require.Equal(t, `{"objectType":"Person","name":["Ann","\"A\""],`+want+`}`, string(xapi.Person(identity, "", "Ann", `"A"`, "Ann", "")))
	}
}

func TestAppendIdentityIsTheInverseOfParseAgent(t *testing.T) {
	t.Parallel()
	for _, identity := range []string{
		annIdentity, "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", "openid:http://a.example.org/?b=%22",
		"account:http://h.example.org\n", "account:http://h.example.org\n\"\\\n\x00😀\n",
	} {
		got, err := xapi.ParseAgent(xapi.AppendIdentity(nil, identity), xapi.V2)
		require.NoError(t, err)
		require.Equal(t, identity, got)
	}
	require.Equal(t, "x", string(xapi.AppendIdentity([]byte("x"), "")))
}
