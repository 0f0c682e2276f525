package sample

// h5p is an interactive page inside a module: attempted, its questions
// answered, completed with a score.
func (g *Generator) h5p(s *session) bool {
	w := &g.w
	switch {
	case s.step == 0:
		s.left = 3 + g.random.IntN(5)
		g.open(s, &attempted)
		g.h5pPage(s)
		w.put(`}},"context":{`)
		g.h5pContext(s, "H5P.InteractiveBook-1.7", false)
		g.next(s, 10*second, 40*second)
		return true
	case s.left > 0:
		s.left--
		g.open(s, &answered)
		w.put(`{"objectType":"Activity","id":"`, s.course.modules[s.module].id, `/h5p/`)
		w.int(s.course.number*10 + s.module)
		w.put(`?subContentId=`)
		w.b = appendSub(w.b, s.course.number, s.asked)
		w.put(`","definition":{"extensions":{"http://h5p.org/x-api/h5p-local-content-id":`)
		w.int(s.course.number*10 + s.module)
		w.put(`,"http://h5p.org/x-api/h5p-subContentId":"`)
		w.b = appendSub(w.b, s.course.number, s.asked)
		w.put(`"},`)
		right, wrong := g.question(s, s.asked+s.module)
		w.put(`}},`)
		g.answer(s, right, wrong, 4*second+g.random.Int64N(40*second))
		w.put(`,"context":{`)
		g.h5pContext(s, "H5P.MultiChoice-1.16", true)
		g.next(s, 8*second, 60*second)
		return true
	}
	g.open(s, &completed)
	g.h5pPage(s)
	w.put(`}},"result":{`)
	w.score(s.right, s.asked)
	w.put(`,"success":`, yes(s.passes()), `,"completion":true,"duration":`)
	w.duration(s.at - s.began)
	w.put(`},"context":{`)
	g.h5pContext(s, "H5P.InteractiveBook-1.7", false)
	g.remember(s)
	return false
}

// appendSub appends the UUID of a part of a page: the same for the same part.
func appendSub(b []byte, page, part int) []byte {
	const hexadecimal = "0123456789abcdef"
	n := digits(mix(uint64(page)<<8 | uint64(part)))
	for i := range 36 {
		switch i {
		case 8, 13, 18, 23:
			b = append(b, '-')
		case 14:
			b = append(b, '4')
		case 19:
			b = append(b, 'a')
		default:
			if n == 0 {
				n = digits(mix(uint64(page*i + part)))
			}
			b = append(b, hexadecimal[n.below(16)])
		}
	}
	return b
}

// h5pPage writes the page up to the end of its definition's members.
func (g *Generator) h5pPage(s *session) {
	w := &g.w
	m := &s.course.modules[s.module]
	w.put(`{"objectType":"Activity","id":"`, m.id, `/h5p/`)
	w.int(s.course.number*10 + s.module)
	w.put(`","definition":{"type":"http://adlnet.gov/expapi/activities/interaction","extensions":{"http://h5p.org/x-api/h5p-local-content-id":`)
	w.int(s.course.number*10 + s.module)
	w.put(`},"name":`)
	w.text(s.tag(), m.title)
}

// h5pContext writes the members of a context and ends the statement; what is
// inside a page says nothing of the learner again.
func (g *Generator) h5pContext(s *session, library string, inside bool) {
	w := &g.w
	m := &s.course.modules[s.module]
	w.put(`"contextActivities":{"category":[{"id":"http://h5p.org/libraries/`, library, `","objectType":"Activity"}],"parent":[`, m.activity)
	if inside {
		w.put(`,{"objectType":"Activity","id":"`, m.id, `/h5p/`)
		w.int(s.course.number*10 + s.module)
		w.put(`"}`)
	}
	w.put(`],"grouping":[`, s.course.bare(inside), `]}`)
	if !inside {
		w.put(`,"extensions":{`)
		g.about(&s.learner)
		w.put("}")
	}
	w.put(`},"timestamp":`)
	w.time(s.at, 0)
	w.put("}")
}
