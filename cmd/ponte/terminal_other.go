//go:build !linux

package main

import (
	"os"
	"os/exec"
)

// hideTyping switches a terminal's echo off and returns how to switch it on again; what is no terminal is left alone.
func hideTyping(f *os.File) (show func(), terminal bool) {
	echo := func(mode string) error {
		c := exec.Command("stty", mode)
		c.Stdin = f
		return c.Run()
	}
	if echo("-echo") != nil {
		return func() {}, false
	}
	return func() { _ = echo("echo") }, true
}
