// Package httpapi is the HTTP edge of Stoa: the server, the table of routes,
// what happens to every request (request id, CORS, authentication,
// authorization, rate limits, compression, the log record) and the thin
// handlers of xAPI. It alone knows status codes and gin.
//
// A handler parses with internal/xapi, calls internal/lrs and writes the
// answer; it decides nothing that another package could decide. The package
// keeps no data of its own.
//
// The way of a request: ServeHTTP (api.go) → gin → mount (routes.go) →
// a handler (xapi_*.go) → answer.go or problem.go → finish (log.go).
package httpapi
