// Package apiv1 is the console API as it is described: openapi.yaml is its
// source, the models and the client are generated from it, and so is the
// openapi.json that is served. It never decides anything and holds no data.
//
// After a change to openapi.yaml: go generate ./internal/apiv1
package apiv1

import _ "embed"

//go:generate go run ./generate

// Description is the description as JSON, in the order of the file.
//
//go:embed openapi.json
var Description []byte
