package httpapi_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// raw sends bytes as they are and returns the one answer to them: clients of
// HTTP would tidy up what an attacker writes. The lines before the body are
// joined as HTTP wants them; Host and Connection are added.
func (o *office) raw(method, target string, headers []string, body string) answer {
	o.t.Helper()
	host := strings.TrimPrefix(o.url, "http://")
	connection, err := net.DialTimeout("tcp", host, 5*time.Second)
	require.NoError(o.t, err)
	defer func() { _ = connection.Close() }()
	require.NoError(o.t, connection.SetDeadline(time.Now().Add(20*time.Second)))
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: " + host, "Connection: close"}, headers...)
	// A server that refuses early does not read to the end: what it says counts.
	_, _ = io.WriteString(connection, strings.Join(lines, "\r\n")+"\r\n\r\n"+body)
	request, err := http.NewRequest(method, o.url, nil)
	require.NoError(o.t, err)
	res, err := http.ReadResponse(bufio.NewReader(connection), request)
	require.NoError(o.t, err, "%s %.200s", method, target)
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	require.NoError(o.t, err)
	return answer{o.t, res.StatusCode, res.Header, res.ContentLength, content}
}

// who is the header that v is known by.
func (v *visitor) who() string {
	if v.bearer != "" {
		return "Authorization: Bearer " + v.bearer
	}
	return "Cookie: __Host-stoa=" + v.cookie
}
