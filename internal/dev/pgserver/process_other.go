//go:build !linux

package pgserver

import (
	"os/exec"
	"strconv"
	"syscall"
)

// dieWithParent does nothing: only Linux offers it. The next Start stops what
// a killed process left running.
func dieWithParent(*syscall.SysProcAttr) {}

// arguments returns the command line of process pid, "" when there is none.
func arguments(pid int) string {
	out, err := exec.Command("ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(out) + " "
}
