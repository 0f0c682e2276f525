// Package sample makes up xAPI statements that look like those of a training
// department: learners with departments and places, courses with modules,
// attempts, videos, assessments, coaching sessions, comments and a rare
// voiding, in several languages and in the shapes that widespread authoring
// tools give them. The demo of `stoa dev`, the benchmarks and `stoa bench`
// use it.
//
// The same seed and options give the same statements. Every statement is valid
// under xAPI 1.0.3 and 2.0. The package reads no clock, keeps nothing but what
// is in memory, and imports nothing of Stoa.
package sample

import (
	"math/rand/v2"
	"time"
)

// Options shape a Generator; zero fields have defaults.
type Options struct {
	Learners     int       // how many different actors; 500
	Courses      int       // how many different courses; 40
	From, To     time.Time // of the timestamps; the six months up to 2026-07-01
	Organisation string    // a DNS label: its addresses end in it and ".example"; "northwind"
	WithoutIDs   bool      // leave the ids to the record store; no statement then refers to another
}

// Generator makes statements one after the other: several learners' sessions
// at a time, interleaved, so that those of one session are in order of their
// timestamps and all together are not. It is not safe for concurrent use: give
// each goroutine a generator with a seed of its own.
type Generator struct {
	options  Options
	random   *rand.Rand
	home     string // URL of the learning platform
	calendar calendar
	learners popularity
	popular  popularity // of courses
	courses  []course
	running  [32]session
	recent   ring // statements that others may refer to
	w        writer
}

// New returns a Generator of the statements that seed and o determine.
func New(seed uint64, o Options) *Generator {
	if o.Learners <= 0 {
		o.Learners = 500
	}
	if o.Courses <= 0 {
		o.Courses = 40
	}
	if o.Organisation == "" {
		o.Organisation = "northwind"
	}
	if o.To.IsZero() {
		o.To = time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC)
	}
	if o.From.IsZero() || !o.From.Before(o.To) {
		o.From = o.To.AddDate(0, -6, 0)
	}
	g := &Generator{
		options:  o,
		random:   rand.New(rand.NewPCG(seed, 0x73746f61)),
		home:     "https://academy." + o.Organisation + ".example",
		calendar: newCalendar(o.From, o.To),
		learners: newPopularity(o.Learners, 0.35),
		popular:  newPopularity(o.Courses, 0.8),
	}
	g.courses = g.makeCourses()
	for i := range g.running {
		g.begin(&g.running[i])
	}
	return g
}

// Next returns the next statement, a JSON object without white space around it.
func (g *Generator) Next() []byte { return g.AppendNext(nil) }

// AppendNext appends the next statement to dst.
func (g *Generator) AppendNext(dst []byte) []byte {
	s := &g.running[g.random.IntN(len(g.running))]
	g.w.b = g.w.b[:0]
	if more := s.kind(g, s); !more || s.at >= g.calendar.to {
		g.begin(s)
	}
	return append(dst, g.w.b...)
}

// Statements returns the next n statements.
func (g *Generator) Statements(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = g.Next()
	}
	return all
}

// Batch returns the next n statements as the body of one request, a JSON array.
func (g *Generator) Batch(n int) []byte {
	body := append(make([]byte, 0, n*1600+2), '[')
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		body = g.AppendNext(body)
	}
	return append(body, ']')
}
