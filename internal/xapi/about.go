package xapi

// About returns the body of the about resource: the latest patch of every
// version spoken (xAPI 1.0.3 Communication 2.8, xAPI 2.0 4.1.6.7).
func About() []byte {
	return []byte(`{"version":["` + V1.String() + `","` + V2.String() + `"]}`)
}
