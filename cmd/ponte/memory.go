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
	giveBackEvery = 5 * time.Second
	giveBackFrom  = 8 << 20
)

// giveBackMemory returns to the system what bursts leave behind, until the context ends.
func giveBackMemory(ctx context.Context) {
	alive := giveBack()
	tick := time.NewTicker(giveBackEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if read("/memory/classes/heap/objects:bytes")+read("/memory/classes/heap/free:bytes")-alive > giveBackFrom {
				alive = giveBack()
			}
		}
	}
}

// giveBack collects, returns what is free and answers how many bytes are alive. The runtime's own figure of
// the living is that of its last collection, which a burst makes in its middle: an hour later it would still
// count the burst.
func giveBack() int64 {
	debug.FreeOSMemory()
	dropProgramPages()
	return read("/gc/heap/live:bytes")
}

func read(metric string) int64 {
	sample := []metrics.Sample{{Name: metric}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
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
