package sample

// video is a film of a module watched by the rules of the xAPI video profile
// (https://w3id.org/xapi/video): initialized, played, paused and seeked, then
// completed or not, terminated.
func (g *Generator) video(s *session) bool {
	w := &g.w
	length := s.course.modules[s.module].length
	switch {
	case s.step == 0:
		s.left = 2 * (1 + g.random.IntN(4))
		g.open(s, &initialized)
		g.videoObject(s)
		w.put(`"context":{`)
		g.videoContext(s, true)
		g.next(s, second, 4*second)
		return true
	case s.left > 0:
		s.left--
		from := s.position
		verb := &played
		if s.left%2 == 0 { // every other step ends what the one before began
			verb = &paused
			if s.left > 0 && g.random.IntN(4) == 0 {
				verb = &seeked
			}
			s.position = min(length, from+(length-from)/int64(s.left/2+1)+g.random.Int64N(10*second))
		}
		g.open(s, verb)
		g.videoObject(s)
		w.put(`"result":{"extensions":{`)
		if verb == &seeked {
			w.put(`"https://w3id.org/xapi/video/extensions/time-from":`)
			w.thousandths(int(from))
			w.put(`,"https://w3id.org/xapi/video/extensions/time-to":`)
		} else {
			w.put(`"https://w3id.org/xapi/video/extensions/time":`)
		}
		w.thousandths(int(s.position))
		if verb == &paused {
			g.videoProgress(s)
		}
		w.put(`}},"context":{`)
		g.videoContext(s, false)
		g.next(s, 2*second, max(3*second, s.position-from))
		return true
	case s.step < 100:
		s.step = 100
		if s.position < length*9/10 {
			return g.videoEnd(s)
		}
		g.open(s, &completed)
		g.videoObject(s)
		w.put(`"result":{"completion":true,"duration":`)
		w.duration(length)
		w.put(`,"extensions":{"https://w3id.org/xapi/video/extensions/time":`)
		w.thousandths(int(s.position))
		g.videoProgress(s)
		w.put(`}},"context":{`)
		g.videoContext(s, false)
		g.remember(s)
		g.next(s, second, 3*second)
		return true
	}
	return g.videoEnd(s)
}

func (g *Generator) videoEnd(s *session) bool {
	w := &g.w
	g.open(s, &terminated)
	g.videoObject(s)
	w.put(`"result":{"duration":`)
	w.duration(s.at - s.began)
	w.put(`,"extensions":{"https://w3id.org/xapi/video/extensions/time":`)
	w.thousandths(int(s.position))
	g.videoProgress(s)
	w.put(`}},"context":{`)
	g.videoContext(s, false)
	return false
}

func (g *Generator) videoObject(s *session) {
	m := &s.course.modules[s.module]
	g.w.put(`{"objectType":"Activity","id":"`, m.id, `/video","definition":{"type":"https://w3id.org/xapi/video/activity-type/video","name":`)
	g.w.text(s.tag(), m.title)
	g.w.put(`,"description":`)
	g.w.text(s.tag(), s.course.title)
	g.w.put(`}},`)
}

// videoProgress writes how far the film was watched, after other extensions.
func (g *Generator) videoProgress(s *session) {
	w := &g.w
	w.put(`,"https://w3id.org/xapi/video/extensions/progress":`)
	w.thousandths(int(s.position * 1000 / s.course.modules[s.module].length))
	w.put(`,"https://w3id.org/xapi/video/extensions/played-segments":"0[.]`)
	w.thousandths(int(s.position))
	w.put(`"`)
}

// browsers are user agents that players report.
var browsers = [...]string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
}

// videoContext writes the members of a context and ends the statement; only
// the first statement of a session describes the player.
func (g *Generator) videoContext(s *session, first bool) {
	w := &g.w
	m := &s.course.modules[s.module]
	w.put(`"registration":`)
	w.uuid(s.registration)
	w.put(`,"language":"`, s.tag(), `","contextActivities":{"category":[{"objectType":"Activity","id":"https://w3id.org/xapi/video"}],"parent":[`,
		m.activity, `],"grouping":[`, s.course.activity, `]},"extensions":{"https://w3id.org/xapi/video/extensions/session-id":`)
	w.uuid(s.registration)
	if first {
		w.put(`,"https://w3id.org/xapi/video/extensions/length":`)
		w.thousandths(int(m.length))
		w.put(`,"https://w3id.org/xapi/video/extensions/speed":"1x","https://w3id.org/xapi/video/extensions/volume":0.8,"https://w3id.org/xapi/video/extensions/full-screen":`,
			yes(s.learner.number%3 == 0), `,"https://w3id.org/xapi/video/extensions/screen-size":"1920x1080","https://w3id.org/xapi/video/extensions/video-playback-size":"1280x720",`,
			`"https://w3id.org/xapi/video/extensions/cc-enabled":`, yes(s.learner.number%4 == 0), `,"https://w3id.org/xapi/video/extensions/completion-threshold":"0.9",`,
			`"https://w3id.org/xapi/video/extensions/user-agent":"`, browsers[s.learner.number%len(browsers)], `"`)
	}
	w.put(",")
	g.about(&s.learner)
	w.put(`}},"timestamp":`)
	w.time(s.at, 0)
	w.put("}")
}
