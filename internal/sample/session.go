package sample

// session is what one learner does in one sitting, or an instructor with a
// group: a handful of statements with one registration.
type session struct {
	kind         func(*Generator, *session) bool // writes the next statement; false: that was the last
	learner      learner
	course       *course
	module       int
	registration [16]byte
	id           [16]byte // of the statement written last; zero without ids
	step         int
	left         int   // steps of the present part
	began, at    int64 // ms since 1970
	position     int64 // ms into a video
	asked, right int   // questions
}

// kinds are the sessions there are and how often, of all, each occurs. The
// mix gives about 23 % video, 22 % Articulate, 20 % cmi5, 14 % H5P, 14 %
// Moodle and 4 % coaching of all statements.
var kinds = []struct {
	begin  func(*Generator, *session) bool
	weight int
}{{(*Generator).articulate, 17}, {(*Generator).h5p, 21}, {(*Generator).moodle, 39}, {(*Generator).video, 29}, {(*Generator).cmi5, 19}, {(*Generator).coaching, 15}}

// begin makes s a new session.
func (g *Generator) begin(s *session) {
	sum := 0
	for _, k := range kinds {
		sum += k.weight
	}
	n := g.random.IntN(sum)
	i := 0
	for n >= kinds[i].weight {
		n -= kinds[i].weight
		i++
	}
	l := g.learner(g.learners.next(g.random))
	c := &g.courses[g.popular.next(g.random)]
	at := g.calendar.begin(g.random, int64(l.place.zone)*minute)
	*s = session{
		kind: kinds[i].begin, learner: l, course: c, module: g.random.IntN(len(c.modules)),
		registration: g.newID(), began: at, at: at,
	}
}

// next ends a step of s: the next one is from low to high ms later. What would
// be after the last day of the calendar does not happen.
func (g *Generator) next(s *session, low, high int64) {
	s.step++
	s.at += low + g.random.Int64N(high-low)
}

// newID returns a UUID of version 4.
func (g *Generator) newID() (id [16]byte) {
	a, b := g.random.Uint64(), g.random.Uint64()
	for i := range 8 {
		id[i], id[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// knows decides whether the learner answers a question of the course rightly.
func (g *Generator) knows(s *session) bool {
	return g.random.IntN(100) < 76+s.learner.skill/4-s.course.hardness/4
}

// open begins a statement of s's learner up to the verb.
func (g *Generator) open(s *session, v *verb) { g.openAs(s, &s.learner, v) }

func (g *Generator) openAs(s *session, l *learner, v *verb) {
	w := &g.w
	w.put("{")
	if !g.options.WithoutIDs {
		s.id = g.newID()
		w.put(`"id":`)
		w.uuid(s.id)
		w.put(",")
	}
	w.put(`"actor":`)
	g.agent(l)
	w.put(`,"verb":{"id":"`, v.iri, `","display":{"en-US":"`, v.phrase[en], `"`)
	if s.course.language != en {
		w.put(`,"`, languages[s.course.language], `":"`, v.phrase[s.course.language], `"`)
	}
	w.put(`}},"object":`)
}

// tag is the language of s's course.
func (s *session) tag() string { return languages[s.course.language] }

// say returns p in the language of s's course.
func (s *session) say(p *phrase) string { return p[s.course.language] }

// score writes a score of right out of asked as a "score" member.
func (w *writer) score(right, asked int) {
	w.put(`"score":{"scaled":`)
	w.thousandths(right * 1000 / asked)
	w.put(`,"raw":`)
	w.int(right)
	w.put(`,"min":0,"max":`)
	w.int(asked)
	w.put(`}`)
}

// passes tells whether s has earned its course.
func (s *session) passes() bool { return s.right*1000 >= s.course.mastery*s.asked }

func yes(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// ring holds the ids of statements that may be referred to: of the latest that
// report a result.
type ring struct {
	ids   [64]reference
	n     int // how many there have been
	taken [64]bool
}

type reference struct {
	id     [16]byte
	course *course
	about  learner
	at     int64
}

// remember makes the statement written last one that others may refer to.
func (g *Generator) remember(s *session) {
	if g.options.WithoutIDs {
		return
	}
	slot := g.recent.n % len(g.recent.ids)
	g.recent.ids[slot] = reference{s.id, s.course, s.learner, s.at}
	g.recent.taken[slot] = false
	g.recent.n++
}

// pick returns a statement to refer to, each at most once; false when there is
// none.
func (g *Generator) pick() (reference, bool) {
	if g.recent.n < len(g.recent.ids) {
		return reference{}, false
	}
	slot := g.random.IntN(len(g.recent.ids))
	if g.recent.taken[slot] {
		return reference{}, false
	}
	g.recent.taken[slot] = true
	return g.recent.ids[slot], true
}
