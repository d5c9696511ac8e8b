package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// askPassword reads a password where none was given: from a terminal twice and unseen, else one line of
// standard input.
func askPassword(ctx context.Context, password *string) error {
	if *password != "" {
		return nil
	}
	typed, err := readPassword(ctx, os.Stdin, os.Stderr)
	if err != nil {
		return err
	}
	*password = typed
	return nil
}

func readPassword(ctx context.Context, in *os.File, out io.Writer) (string, error) {
	show, terminal := hideTyping(in)
	lines := bufio.NewReader(in)
	if !terminal {
		return readLine(ctx, lines)
	}
	defer show()
	fmt.Fprint(out, "password: ")
	first, err := readLine(ctx, lines)
	fmt.Fprintln(out) // the line's end was not shown either
	if err != nil {
		return "", err
	}
	fmt.Fprint(out, "once more: ")
	second, err := readLine(ctx, lines)
	fmt.Fprintln(out)
	if err == nil && first != second {
		err = usageError{errors.New("the two passwords differ: nothing was changed")}
	}
	return first, err
}

// readLine ends when the context does: whoever presses Ctrl-C gets the terminal back as it was.
func readLine(ctx context.Context, from *bufio.Reader) (string, error) {
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := from.ReadString('\n')
		read <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-read:
		if a.err != nil && a.line == "" {
			return "", usageError{errors.New("no password was given: use --password or give it on standard input")}
		}
		return strings.TrimRight(a.line, "\r\n"), nil
	}
}
