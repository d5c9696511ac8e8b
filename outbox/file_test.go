package outbox

import (
	"testing"

	"ponte/channels"
	"ponte/inbox"
)

// withMedia is a message with a stored file.
func (b *bench) withMedia(dedupe, bytes string) (action int64, hash string) {
	b.t.Helper()
	tx := b.db.MustBegin()
	u := inbox.Upload{Name: "menu.png", MIME: "image/png", Type: "image"}
	if err := inbox.AddUpload(b.t.Context(), tx, b.ws, b.conv, nil, &u, []byte(bytes)); err != nil {
		b.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
	a := b.message(dedupe, "our menu")
	a.Call.Media = &channels.Media{Type: u.Type, Filename: u.Name, MIME: u.MIME, Hash: u.Hash}
	got := b.add(a)
	if err := inbox.AttachUpload(b.t.Context(), b.db, b.ws, got[0].MessageID, b.whatsapp, u); err != nil {
		b.t.Fatal(err)
	}
	return got[0].ID, u.Hash
}

// TestAStoredFileGoesWithItsCall as long as the message has it: what was taken back is not sent.
func TestAStoredFileGoesWithItsCall(t *testing.T) {
	b := setup(t)
	var seen []string
	b.net.answer = func(c channels.Call) (bool, channels.Result, error) {
		seen = append(seen, string(c.Media.Bytes))
		return true, channels.Result{}, nil
	}
	kept, hash := b.withMedia("kept", "the bytes")
	b.drain(b.sender())
	b.want(kept, "done")
	if len(seen) != 1 || seen[0] != "the bytes" {
		t.Fatalf("the network got %q", seen)
	}
	if s := b.text(`SELECT call::text FROM actions WHERE id = $1`, kept); len(s) > 600 {
		t.Errorf("the file's bytes lie in the outbox: %d characters", len(s))
	}
	gone, _ := b.withMedia("gone", "other bytes")
	b.db.MustExec(`DELETE FROM message_media WHERE hash <> $1`, hash)
	b.drain(b.sender())
	b.want(gone, "failed:file_gone")
	if len(seen) != 1 {
		t.Errorf("a file that was taken back was sent: %q", seen)
	}
	if s := b.text(`SELECT reason FROM actions WHERE id = $1`, gone); s != "file_gone" {
		t.Errorf("the reason is %q", s)
	}
}
