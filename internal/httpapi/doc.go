// Package httpapi is the HTTP edge of Stoa: the server, the table of routes,
// what happens to every request (request id, CORS, authentication,
// authorization, rate limits, compression, the log record) and the thin
// handlers of xAPI and of the console API. It alone knows status codes and gin.
//
// A handler of xAPI parses with internal/xapi, calls internal/lrs and writes the
// answer; one of the console receives and answers models of internal/apiv1, whose
// description every request and answer is held to; it decides nothing that another package could decide. The package
// keeps no data of its own.
//
// The way of a request: ServeHTTP (api.go) → gin → mount (routes.go) →
// admit, for the console admitPerson (console_admit.go) → a handler (xapi_*.go, console_*.go) → answer.go or problem.go → finish (log.go).
package httpapi
