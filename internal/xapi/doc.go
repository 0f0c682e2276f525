// Package xapi knows the Experience API: what a statement must look like under
// xAPI 1.0.3 and 2.0, when two statements are the same, what of a statement
// filters and reports look at, and the requests, formats and documents of the
// specification.
//
// It is pure: bytes in, values and faults out. It never reads a clock, a
// database or the network, keeps no state but pooled scratch memory, and
// imports nothing of Stoa but fault. Its data lives with its callers.
package xapi
