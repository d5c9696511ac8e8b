package cluster

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// giveUpSending bounds how long what was sent may stay unacknowledged (tcp(7), TCP_USER_TIMEOUT): keep-alives are not sent
// while something is on its way.
func giveUpSending(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var set error
	err := c.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(lostAfter.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return set
}
