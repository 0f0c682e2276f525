package httpapi

import "fmt"

// panicked is a panic of a handler, as the error that the log tells of.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }
