package main

import (
	"path/filepath"
	"testing"
)

func TestRoomIsWhatTheFolderHas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if free, err := room(dir); err != nil || free <= 0 {
		t.Errorf("%d bytes, %v", free, err)
	}
	if _, err := room(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there has room")
	}
}
