package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a pseudo-terminal: the person's, and the program's.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	fd := int(person.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestATypedPasswordIsNotShown(t *testing.T) {
	for _, c := range []struct{ typed, want, fault string }{
		{"correct horse\ncorrect horse\n", "correct horse", ""},
		{"correct horse\nbattery staple\n", "", "differ"},
	} {
		person, program := openTerminal(t)
		type answer struct {
			password string
			err      error
		}
		done := make(chan answer, 1)
		go func() {
			got, err := readPassword(context.Background(), program, program)
			done <- answer{got, err}
		}()
		var shown strings.Builder
		buf := make([]byte, 256)
		for _, line := range strings.SplitAfter(strings.TrimSuffix(c.typed, "\n"), "\n") {
			for { // the question comes once typing is hidden
				n, err := person.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				if shown.Write(buf[:n]); strings.HasSuffix(shown.String(), ": ") {
					break
				}
			}
			if _, err := person.WriteString(strings.TrimSuffix(line, "\n") + "\n"); err != nil {
				t.Fatal(err)
			}
		}
		got := <-done
		if c.fault == "" && (got.err != nil || got.password != c.want) || c.fault != "" && (got.err == nil || !strings.Contains(got.err.Error(), c.fault)) {
			t.Errorf("typed %q: %q, %v", c.typed, got.password, got.err)
		}
		if _, err := program.WriteString("END"); err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(shown.String(), "END") {
			n, err := person.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			shown.Write(buf[:n])
		}
		if strings.Contains(shown.String(), "horse") || strings.Contains(shown.String(), "staple") {
			t.Errorf("the terminal showed %q", shown.String())
		}
		if !echoes(t, program) {
			t.Error("typing stays hidden afterwards")
		}
	}
}

func TestAPasswordComesFromStandardInput(t *testing.T) {
	for _, c := range []struct{ in, want string }{{"correct horse\n", "correct horse"}, {"correct horse\r\nmore", "correct horse"}, {"no end of line", "no end of line"}, {"", ""}} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteString(c.in); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
		var asked strings.Builder
		got, err := readPassword(context.Background(), r, &asked)
		if got != c.want || (err != nil) != (c.want == "") || asked.String() != "" {
			t.Errorf("%q: %q, %v, asked %q", c.in, got, err, asked.String())
		}
		_ = r.Close()
	}
}

func TestLeavingThePasswordGivesTheTerminalBack(t *testing.T) {
	person, program := openTerminal(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := readPassword(ctx, program, program)
		done <- err
	}()
	if _, err := person.Read(make([]byte, 64)); err != nil { // the question
		t.Fatal(err)
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) || !echoes(t, program) {
			t.Errorf("%v; shown again %t", err, echoes(t, program))
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it still waits for a password")
	}
	_, _ = person.WriteString("\n") // lets the reader go
}
