package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
)

func gunzip(t *testing.T, b []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(text)
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestAnswersAreCompressedAsTheClientLikes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	large := `{"a":"` + strings.Repeat("abc", 1000) + `"}`
	c.do(request{method: "PUT", path: "activities/state", query: state, body: large}).is(http.StatusNoContent)
	plain := c.do(request{path: "activities/state", query: state})
	for accept, want := range map[string]string{
		"":                                 "",
		"gzip":                             "gzip",
		"x-gzip":                           "gzip",
		"GZip":                             "gzip",
		"gzip, deflate, br, zstd":          "zstd",
		"gzip;q=1.0, zstd;q=0.5":           "gzip",
		"zstd;q=0, gzip":                   "gzip",
		"gzip;q=0":                         "",
		"*":                                "zstd",
		"*;q=0":                            "",
		"identity":                         "",
		"identity;q=1, gzip;q=0.5":         "",
		"gzip;q=nonsense":                  "",
		"br":                               "",
		"deflate, gzip;q=0.7, *;q=0.1":     "gzip",
		"gzip;q=2, zstd;q=0.1":             "zstd",
		strings.Repeat("x,", 500) + "gzip": "gzip",
	} {
		got := c.do(request{path: "activities/state", query: state, header: header("Accept-Encoding", accept)}).is(http.StatusOK)
		require.Equal(t, want, got.header.Get("Content-Encoding"), accept)
		require.Equal(t, int64(len(got.body)), got.length, accept)
		require.Contains(t, got.header.Values("Vary"), "Accept-Encoding")
		require.Equal(t, plain.header.Get("ETag"), got.header.Get("ETag"), "the tag names the document")
		switch want {
		case "":
			require.Equal(t, large, string(got.body))
		case "gzip":
			require.Equal(t, large, gunzip(t, got.body))
		case "zstd":
			r, err := zstd.NewReader(nil)
			require.NoError(t, err)
			text, err := r.DecodeAll(got.body, nil)
			require.NoError(t, err)
			r.Close()
			require.Equal(t, large, string(text))
		}
	}
	// Not worth it, or not for us to touch.
	small := c.do(request{path: "about", header: header("Accept-Encoding", "gzip")})
	require.Empty(t, small.header.Get("Content-Encoding"))
	image := with(state, "stateId", "image")
	c.do(request{method: "PUT", path: "activities/state", query: image, body: large, header: header("Content-Type", "image/png")}).is(http.StatusNoContent)
	require.Empty(t, c.do(request{path: "activities/state", query: image, header: header("Accept-Encoding", "gzip")}).header.Get("Content-Encoding"))
	c.do(mixed(attached("", sha2(large), ""), large)).is(http.StatusOK)
	parts := c.do(request{path: "statements", query: values("attachments", "true"), header: header("Accept-Encoding", "gzip")})
	require.Empty(t, parts.header.Get("Content-Encoding"))
}

func TestRequestsMayBeCompressed(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.Limits.Body = 100_000 })
	c := s.client()
	post := func(body, encoding string) answer {
		return c.do(request{method: "POST", path: "statements", body: body, header: header("Content-Type", "application/json", "Content-Encoding", encoding)})
	}
	post(zipped(t, statement("", "did")), "gzip").is(http.StatusOK)
	post(zipped(t, statement("", "did")), "x-gzip").is(http.StatusOK)
	post(statement("", "did"), "identity").is(http.StatusOK)
	multi := mixed(attached("", sha2("text"), ""), "text")
	multi.body = zipped(t, multi.body)
	multi.header.Set("Content-Encoding", "gzip")
	c.do(multi).is(http.StatusOK)

	post(statement("", "did"), "gzip").is(http.StatusBadRequest)
	post(statement("", "did"), "br").is(http.StatusBadRequest)
	post(zipped(t, statement("", "did"))[:60], "gzip").is(http.StatusBadRequest)
	// 100 kB that became 100 bytes on their way.
	bomb := zipped(t, `"`+strings.Repeat("x", 10_000_000)+`"`)
	require.Less(t, len(bomb), 100_000)
	require.Equal(t, "too_large", post(bomb, "gzip").is(http.StatusRequestEntityTooLarge).problem().Code)
}
