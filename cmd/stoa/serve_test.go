package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// serving starts `stoa serve` and returns where it listens. stop is its signal.
func (x *terminal) serving() (url string, stop context.CancelFunc, ended <-chan error) {
	x.t.Helper()
	ctx, stop := context.WithCancel(x.t.Context())
	x.t.Cleanup(stop)
	log, w := io.Pipe()
	root := newRoot(x.sh)
	root.SetErr(w)
	root.SetArgs([]string{"serve"})
	done := make(chan error, 1)
	go func() {
		err := root.ExecuteContext(ctx)
		_ = w.CloseWithError(io.EOF)
		done <- err
	}()
	lines := bufio.NewScanner(log)
	for url == "" && lines.Scan() {
		var record struct{ Msg, URL string }
		require.NoError(x.t, json.Unmarshal(lines.Bytes(), &record), "structured: %s", lines.Text())
		url = record.URL
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	return url, stop, done
}

func TestServeAnswersUntilItIsStopped(t *testing.T) {
	t.Parallel()
	x := open(t)
	x.sh.environ = append(x.sh.environ, "STOA_LISTEN=127.0.0.1:0")
	x.table("tenant create acme --name Acme")
	x.table("store create acme main")
	var key apiv1.IssuedKey
	x.json("key create acme main --name Course --scope all", &key)

	url, stop, ended := x.serving()
	require.NotEmpty(t, url)
	client := &http.Client{Timeout: time.Minute}
	request := func(method, path, body string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("X-Experience-API-Version", "2.0.0")
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth(key.Key.User, key.Secret)
		return client.Do(r)
	}
	res, err := request(http.MethodPost, "/xapi/statements",
		`{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"https://example.com/did"},"object":{"id":"https://example.com/it"}}`)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)

	stop()
	require.NoError(t, <-ended)
	res, err = request(http.MethodGet, "/healthz", "")
	if err == nil {
		_ = res.Body.Close()
	}
	require.Error(t, err, "nobody listens any more")
}

func TestServeNamesEveryWrongVariable(t *testing.T) {
	t.Parallel()
	x := &terminal{t: t, sh: &shell{environ: []string{"STOA_LISTEN=nowhere", "STOA_MAX_BODY=much", "STOA_LOG_FORMAT=xml"}}}
	_, err := x.run("serve")
	require.True(t, fault.Is(err, fault.Invalid))
	for _, name := range []string{"STOA_DATABASE_URL", "STOA_KEY_PEPPER", "STOA_LISTEN", "STOA_MAX_BODY", "STOA_LOG_FORMAT"} {
		require.ErrorContains(t, err, name)
	}
}
