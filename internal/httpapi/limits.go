package httpapi

// Limits bound what one request may cost. A zero field is its default; what is
// over a limit is answered with 413.
type Limits struct {
	Statements  int   // of one batch; 1000
	Depth       int   // of JSON nesting in a statement; 64
	Body        int64 // bytes of the statements of one request, decompressed; 16 MiB
	Attachment  int64 // bytes of one attachment; 64 MiB
	Attachments int64 // bytes of one multipart request in all; 256 MiB
	Document    int64 // bytes of a document, decompressed; 10 MiB
	Form        int64 // bytes of a form in the alternate request syntax that brings its own Authorization; 1 MiB
	BodyMemory  int64 // bytes of bodies that the process holds at one time; 128 MiB. Who does not fit in waits, then 503
}

func (l Limits) orDefaults() Limits {
	set := func(field *int64, otherwise int64) {
		if *field <= 0 {
			*field = otherwise
		}
	}
	if l.Statements <= 0 {
		l.Statements = 1000
	}
	if l.Depth <= 0 {
		l.Depth = 64
	}
	set(&l.Body, 16<<20)
	set(&l.Attachment, 64<<20)
	set(&l.Attachments, 256<<20)
	set(&l.Document, 10<<20)
	set(&l.Form, 1<<20)
	set(&l.BodyMemory, max(128<<20, 2*l.Body, 2*l.Document))
	return l
}
