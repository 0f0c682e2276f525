package xapi

// mergeObjects appends the JSON object old with the members of newer set:
// those that both have stand where they stood and are what newer says, or what
// combine makes of the two, if given. Both are valid JSON; values keep their text.
func mergeObjects(dst, old, newer []byte, combine func(dst []byte, name string, old, newer []byte) []byte) []byte {
	values := map[string][]byte{}
	for s := scanOf(newer); s.object && s.next(); {
		values[string(s.name())] = s.value
	}
	dst = append(dst, '{')
	empty := len(dst)
	add := func(key []byte) {
		if len(dst) > empty {
			dst = append(dst, ',')
		}
		dst = append(append(dst, key...), ':')
	}
	for s := scanOf(old); s.object && s.next(); {
		add(s.key)
		name := string(s.name())
		value, both := values[name]
		switch {
		case !both:
			dst = append(dst, s.value...)
		case combine == nil:
			dst = append(dst, value...)
		default:
			dst = combine(dst, name, s.value, value)
		}
		delete(values, name)
	}
	for s := scanOf(newer); s.object && s.next(); {
		if _, added := values[string(s.name())]; added {
			add(s.key)
			dst = append(dst, s.value...)
		}
	}
	return append(dst, '}')
}

// MergeDefinition returns the definition of an activity after newer was seen,
// where old, nil for none, was known: names and descriptions are merged by
// language and extensions by key, the newer entry wins; every other property
// is the newer one, if given. Both are valid ([Definition.JSON]); values keep
// their text (xAPI 1.0.3 Data 2.4.4.1, Communication 2.5).
func MergeDefinition(old, newer []byte) []byte {
	if len(old) == 0 {
		return newer
	}
	return mergeObjects(nil, old, newer, func(dst []byte, name string, old, newer []byte) []byte {
		switch name {
		case "name", "description", "extensions":
			return mergeObjects(dst, old, newer, nil)
		}
		return append(dst, newer...)
	})
}

// ActivityObject returns the body of the activities resource for an IRI:
// definition may be nil, when the store has never seen one
// (xAPI 1.0.3 Communication 2.5, xAPI 2.0 4.1.6.4).
func ActivityObject(iri string, definition []byte) []byte {
	dst := quote([]byte(`{"objectType":"Activity","id":`), iri)
	if len(definition) > 0 {
		dst = append(append(dst, `,"definition":`...), definition...)
	}
	return append(dst, '}')
}
