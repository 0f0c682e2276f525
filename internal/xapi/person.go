package xapi

import "slices"

// Person returns the Person object of the agents resource for one identity:
// names are those that the agent was seen with and the one of the request, in
// the order to show; "" and repetitions are left out. We never join identities
// of one human (xAPI 1.0.3 Communication 2.4, xAPI 2.0 4.1.6.3).
func Person(identity string, names ...string) []byte {
	dst := []byte(`{"objectType":"Person"`)
	var listed []string
	for _, name := range names {
		if name != "" && !slices.Contains(listed, name) {
			listed = append(listed, name)
		}
	}
	for i, name := range listed {
		if i == 0 {
			dst = append(dst, `,"name":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = quote(dst, name)
	}
	if listed != nil {
		dst = append(dst, ']')
	}
	if name, value := identityMember(identity); name != "" {
		dst = append(dst, `,"`...)
		dst = append(dst, name...)
		dst = append(dst, `":[`...)
		dst = append(append(dst, value...), ']')
	}
	return append(dst, '}')
}
