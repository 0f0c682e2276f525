package xapi

// The types of activities by which reports know modules and courses.
const (
	courseType = "http://adlnet.gov/expapi/activities/course"
	moduleType = "http://adlnet.gov/expapi/activities/module"
	lessonType = "http://adlnet.gov/expapi/activities/lesson"
)

// course returns the activity that a report counts the statement under:
//
//  1. the first activity of type course in grouping, else in parent, else in
//     category: authors who say so are believed;
//  2. else the last grouping: most authors list the outermost last;
//  3. else the object, when it is of type course and has no parent;
//  4. else none.
//
// A type counts where the statement itself gives it, in a definition.
func (d *decoder) course() string {
	for _, slot := range [...]string{"grouping", "parent", "category"} {
		for _, a := range d.contexts {
			if a.slot == slot && a.typ == courseType {
				return a.id
			}
		}
	}
	last, parented := "", false
	for _, a := range d.contexts {
		switch a.slot {
		case "grouping":
			last = a.id
		case "parent":
			parented = true
		}
	}
	if last == "" && !parented && d.typ == courseType {
		return d.activityIRI()
	}
	return last
}

// module returns the part of a course that a report counts the statement under:
//
//  1. the object, when it is of type module or lesson;
//  2. else the first parent, else the first grouping, of such a type;
//  3. else the first parent: the nearest thing to a module there is;
//  4. else none.
func (d *decoder) module() string {
	if isModule(d.typ) {
		return d.activityIRI()
	}
	for _, slot := range [...]string{"parent", "grouping"} {
		for _, a := range d.contexts {
			if a.slot == slot && isModule(a.typ) {
				return a.id
			}
		}
	}
	for _, a := range d.contexts {
		if a.slot == "parent" {
			return a.id
		}
	}
	return ""
}

func (d *decoder) activityIRI() string { return alias(d.words[d.activity.from:d.activity.to]) }

func isModule(typ string) bool { return typ == moduleType || typ == lessonType }
