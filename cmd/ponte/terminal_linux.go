package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// hideTyping switches a terminal's echo off and returns how to switch it on again; what is no terminal is left alone.
func hideTyping(f *os.File) (show func(), terminal bool) {
	fd := int(f.Fd())
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}, false
	}
	hidden := *was
	hidden.Lflag &^= unix.ECHO
	if unix.IoctlSetTermios(fd, unix.TCSETS, &hidden) != nil {
		return func() {}, true
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, was) }, true
}
