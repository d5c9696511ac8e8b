package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"syscall"
	"time"
)

// When memory is given back to the system: a burst leaves behind what the runtime would keep for minutes,
// and this process shares its machine with the database.
const (
	giveBackEvery = 10 * time.Second
	giveBackFrom  = 12 << 20
)

// giveBackMemory returns to the system what bursts leave behind, until the context ends.
func giveBackMemory(ctx context.Context) {
	tick := time.NewTicker(giveBackEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if leftBehind() > giveBackFrom {
				debug.FreeOSMemory()
			}
		}
	}
}

// leftBehind is the memory in bytes that holds nothing alive, as far as the last collection knew.
func leftBehind() int64 {
	sample := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, // alive, or dead and not collected yet
		{Name: "/memory/classes/heap/free:bytes"},    // free, and still ours
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64()) + int64(sample[1].Value.Uint64()) - int64(sample[2].Value.Uint64())
}

// dropProgramPages lets go of the pages of the executable that are mapped to be read: the compressed model
// and the interface were unpacked from them once, and half the code ran once. What is needed again comes
// back from the page cache by itself. It is a courtesy, so nothing depends on whether it works (elsewhere
// than on Linux there is no /proc).
func dropProgramPages() {
	program, err := os.Executable()
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// 00400000-01604000 r-xp 00000000 fe:00 1835035   /usr/local/bin/ponte (proc(5))
		f := strings.Fields(lines.Text())
		if len(f) < 6 || f[5] != program || strings.Contains(f[1], "w") {
			continue
		}
		var from, to uintptr
		if _, err := fmt.Sscanf(f[0], "%x-%x", &from, &to); err != nil {
			continue
		}
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
	}
}
