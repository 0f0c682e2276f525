package apiv1_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
)

// What is derived belongs to what it is derived from.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	sum := sha256.New()
	for _, name := range []string{"openapi.yaml", "codegen.yaml", "no-responses.tmpl", "openapi.json", "api.gen.go"} {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
	}
	recorded, err := os.ReadFile("sum.txt")
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(recorded)), fmt.Sprintf("%x", sum.Sum(nil)), "run: go generate ./internal/apiv1")
}

// The description is valid, and says of every operation what newcomers and the tests need.
func TestDescriptionIsComplete(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(apiv1.Description)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			name := method + " " + path
			require.NotEmpty(t, op.OperationID, name)
			require.False(t, ids[op.OperationID], op.OperationID)
			ids[op.OperationID] = true
			require.NotEmpty(t, op.Summary, name)
			require.Len(t, op.Tags, 1, name)
			require.NotNil(t, doc.Tags.Get(op.Tags[0]), name)
			require.NotEmpty(t, op.Extensions["x-stoa-action"], name)
		}
	}
	require.Greater(t, len(ids), 90)
}

// Whatever comes in is bounded.
func TestEveryInputHasABound(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(apiv1.Description)
	require.NoError(t, err)
	seen := map[*openapi3.Schema]bool{}
	var check func(where string, s *openapi3.Schema)
	check = func(where string, s *openapi3.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		switch {
		case s.Type.Is("string"):
			bounded := s.MaxLength != nil || len(s.Enum) > 0 || s.Pattern != "" || s.Format == "date-time" || s.Format == "uuid"
			require.True(t, bounded, "%s: a string without maxLength", where)
		case s.Type.Is("integer"), s.Type.Is("number"):
			if where != "VerifyAudit.from" && where != "VerifyAudit.to" { // numbers of seals
				require.NotNil(t, s.Max, "%s: a number without maximum", where)
			}
		case s.Type.Is("array"):
			require.NotNil(t, s.MaxItems, "%s: a list without maxItems", where)
			check(where+"[]", s.Items.Value)
		}
		for name, p := range s.Properties {
			check(where+"."+name, p.Value)
		}
	}
	for name, p := range doc.Components.Parameters {
		check("parameter "+name, p.Value.Schema.Value)
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for _, content := range op.RequestBody.Value.Content {
				check(strings.TrimPrefix(content.Schema.Ref, "#/components/schemas/"), content.Schema.Value)
			}
		}
	}
}

func answer(status int, kind, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{"Content-Type": {kind}},
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	store, err := apiv1.Read[apiv1.Store](answer(200, "application/json; charset=utf-8", `{"slug":"main"}`), nil)
	require.NoError(t, err)
	require.Equal(t, "main", store.Slug)

	_, err = apiv1.Read[struct{}](answer(204, "", ""), nil)
	require.NoError(t, err)

	_, err = apiv1.Read[apiv1.Store](answer(400, "application/problem+json",
		`{"status":400,"code":"invalid","detail":"the body breaks 1 rule","requestId":"r","violations":[{"path":"/name","rule":"too long"}]}`), nil)
	refused, ok := errors.AsType[*apiv1.Error](err)
	require.True(t, ok)
	require.Equal(t, apiv1.ProblemCodeInvalid, refused.Code)
	require.EqualError(t, err, "the body breaks 1 rule (invalid, request r)\n  /name: too long")

	_, err = apiv1.Read[apiv1.Store](answer(200, "text/html", "<html>"), nil)
	require.ErrorContains(t, err, "is this Stoa?")
	_, err = apiv1.Read[apiv1.Store](answer(502, "text/html", "<html>"), nil)
	require.ErrorContains(t, err, "is this Stoa?")
	_, err = apiv1.Read[apiv1.Store](nil, io.ErrUnexpectedEOF)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
