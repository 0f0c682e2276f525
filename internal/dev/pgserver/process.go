package pgserver

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// process is a running server.
type process struct {
	pid  int
	done chan struct{} // closed when it has ended
}

// prepare gives cmd the account, a directory that it may enter, a minimal
// environment and a process group of its own: a Ctrl-C in the terminal is
// Stoa's to handle, which still needs its database while it shuts down.
func (c *cluster) prepare(cmd *exec.Cmd) {
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=" + c.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.account.credential()}
}

// spawn starts a server that writes to the log. The goroutine keeps its thread
// until the server has ended, because the death signal of Linux is sent when
// the thread ends that spawned it, not the process.
func (c *cluster) spawn(name string, args ...string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name, args...)
	c.prepare(cmd)
	cmd.Stdout, cmd.Stderr = log, log
	dieWithParent(cmd.SysProcAttr)

	started := make(chan error)
	p := &process{done: make(chan struct{})}
	go func() {
		runtime.LockOSThread()
		defer close(p.done)
		defer log.Close()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in the log
		}
	}()
	return p, <-started
}

// end sends sig, then harder signals until the server has ended. Postgres's
// own children notice the death of their parent.
func (p *process) end(sig syscall.Signal) {
	for _, next := range []syscall.Signal{sig, syscall.SIGQUIT, syscall.SIGKILL} {
		select {
		case <-p.done:
			return
		default:
		}
		_ = syscall.Kill(p.pid, next) // an error says that it ended meanwhile
		select {
		case <-p.done:
			return
		case <-time.After(10 * time.Second):
		}
	}
}
