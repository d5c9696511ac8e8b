package outbox

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ponte/channels"
	"ponte/gate"
)

func TestEpochSurvivesRestartsAndACrashWhileItIsRenewed(t *testing.T) {
	b := setup(t)
	path := filepath.Join(t.TempDir(), "send-epoch")
	for range 3 {
		e, err := OpenEpoch(t.Context(), b.db, path)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := e.Matches(t.Context()); err != nil || !ok {
			t.Fatalf("matches: %v, %v", ok, err)
		}
	}
	// Killed after the file was written and before the database was: the file names both.
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(old, []byte("next\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := OpenEpoch(t.Context(), b.db, path)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := e.Matches(t.Context()); !ok {
		t.Error("a crash while renewing locked the installation out")
	}
}

// The first start may be killed when the file has an epoch and the database has none yet.
func TestAFirstStartThatWasKilledIsNoCopy(t *testing.T) {
	for name, used := range map[string]bool{"a new database": false, "one with actions": true} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			path := filepath.Join(t.TempDir(), "send-epoch")
			if err := os.WriteFile(path, []byte("first\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if used {
				b.add(b.onComment("r", channels.ReplyToComment))
			}
			e, err := OpenEpoch(t.Context(), b.db, path)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := e.Matches(t.Context()); err != nil || ok == used {
				t.Errorf("matches: %v, %v", ok, err)
			}
		})
	}
}

// Looking from beside a serving process, with its data directory or a wrong one, changes nothing.
func TestLookingAtTheEpochHoldsNothing(t *testing.T) {
	b := setup(t)
	path := filepath.Join(t.TempDir(), "send-epoch")
	look := func(path string, want bool) {
		t.Helper()
		if may, err := MaySend(t.Context(), b.db, path); err != nil || may != want {
			t.Errorf("may send: %v, %v; want %v", may, err, want)
		}
	}
	look(path, true) // nothing has started yet
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("looking wrote the file: %v", err)
	}
	e, err := OpenEpoch(t.Context(), b.db, path)
	if err != nil {
		t.Fatal(err)
	}
	waiting := b.add(b.onComment("r", channels.ReplyToComment))
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	look(path, true)
	look(filepath.Join(t.TempDir(), "elsewhere"), false)
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("looking drew the epoch anew")
	}
	if ok, err := e.Matches(t.Context()); err != nil || !ok {
		t.Errorf("the serving process may not send any more: %v, %v", ok, err)
	}
	b.want(waiting[0].ID, "planned")
}

// Commands beside the service are often root's: the service's user must be able to read what they write.
func TestTheEpochStaysItsFoldersOwn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can write for somebody else")
	}
	b := setup(t)
	dir := t.TempDir()
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "send-epoch")
	if _, err := OpenEpoch(t.Context(), b.db, path); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if owner := st.Sys().(*syscall.Stat_t); owner.Uid != 65534 || owner.Gid != 65534 {
		t.Errorf("the file belongs to %d:%d", owner.Uid, owner.Gid)
	}
}

func TestARestoredCopySendsNothingUntilReleased(t *testing.T) {
	for name, copied := range map[string]func(b *bench, path string) string{
		"on another machine": func(*bench, string) string { return filepath.Join(t.TempDir(), "elsewhere") },
		"over the old database": func(b *bench, path string) string {
			backup := b.text(`SELECT value FROM installation WHERE key = 'send_epoch'`)
			if _, err := OpenEpoch(t.Context(), b.db, path); err != nil { // life went on after the backup
				t.Fatal(err)
			}
			b.exec(`UPDATE installation SET value = $1 WHERE key = 'send_epoch'`, backup)
			return path
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			path := filepath.Join(t.TempDir(), "send-epoch")
			if _, err := OpenEpoch(t.Context(), b.db, path); err != nil {
				t.Fatal(err)
			}
			inBackup := b.add(b.onComment("r", channels.ReplyToComment), b.onComment("h", channels.HideComment))
			b.net.effects[inBackup[0].Token] = 1 // sent by the original after the backup was taken
			s := b.sender()
			var err error
			if s.Epoch, err = OpenEpoch(t.Context(), b.db, copied(b, path)); err != nil {
				t.Fatal(err)
			}
			b.drain(s)
			b.want(inBackup[0].ID, "held:restored_copy")
			if len(b.net.order) != 0 {
				t.Fatal("a restored copy sent something")
			}
			b.exec(`UPDATE comments SET commented_at = now() + interval '1 hour'`) // nothing here is of the gap
			fresh := b.add(b.message("m", "came in after the restore"))
			b.drain(s)
			b.want(fresh[0].ID, "planned")

			if err := s.Epoch.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.want(inBackup[0].ID, "unknown:restored_copy")
			b.advance(2 * time.Second)
			b.drain(s)
			b.want(fresh[0].ID, "done")
			b.want(inBackup[1].ID, "done") // hiding twice does no harm
			b.settleAll(s)
			b.want(inBackup[0].ID, "done")
			if n := b.net.count(inBackup[0].Token); n != 1 {
				t.Errorf("it took place %d times", n)
			}
		})
	}
}

func TestAnAnswerToTheGapIsLookedForFirst(t *testing.T) {
	b := setup(t)
	s := b.sender()
	var err error
	if s.Epoch, err = OpenEpoch(t.Context(), b.db, filepath.Join(t.TempDir(), "e")); err != nil {
		t.Fatal(err)
	}
	if s.Epoch, err = OpenEpoch(t.Context(), b.db, filepath.Join(t.TempDir(), "copy")); err != nil {
		t.Fatal(err)
	}
	b.exec(`UPDATE installation SET value = jsonb_set(value::jsonb, '{from}', to_jsonb(now() - interval '1 hour'))::text WHERE key = 'send_gap'`)
	if err := s.Epoch.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The sweep found a comment of the gap; the original had answered it.
	got := b.add(b.onComment("r", channels.ReplyToComment))[0]
	b.net.effects[got.Token] = 1
	b.drain(s)
	b.want(got.ID, "unknown:restored_copy")
	b.settleAll(s)
	b.want(got.ID, "done")
	if n := b.net.count(got.Token); n != 1 {
		t.Errorf("it took place %d times", n)
	}
}

// released is a bench whose database was restored from a backup an hour old and then released.
func released(t *testing.T) (*bench, *Sender) {
	b := setup(t)
	s := b.sender()
	var err error
	for _, name := range []string{"original", "copy"} {
		if s.Epoch, err = OpenEpoch(t.Context(), b.db, filepath.Join(t.TempDir(), name)); err != nil {
			t.Fatal(err)
		}
	}
	b.exec(`UPDATE installation SET value = jsonb_set(value::jsonb, '{from}', to_jsonb(now() - interval '1 hour'))::text WHERE key = 'send_gap'`)
	if err := s.Epoch.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b, s
}

// What was looked for and not found is sent, once; so is what a person says to send again.
func TestAnAnswerThatTheGapNeverGotIsSent(t *testing.T) {
	for name, settle := range map[string]func(b *bench, s *Sender, id int64){
		"looked for": func(b *bench, s *Sender, _ int64) { b.settleAll(s) },
		"a person says so": func(b *bench, _ *Sender, id int64) {
			tx := b.db.MustBegin()
			defer tx.Rollback()
			if err := errors.Join(Settle(b.t.Context(), tx, b.ws, id, SendOnceMore), tx.Commit()); err != nil {
				b.t.Fatal(err)
			}
			b.advance(2 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, s := released(t)
			got := b.add(b.onComment("r", channels.ReplyToComment))[0]
			b.drain(s)
			b.want(got.ID, "unknown:restored_copy")
			settle(b, s, got.ID)
			b.drain(s)
			b.want(got.ID, "done")
			if n := b.net.count(got.Token); n != 1 {
				t.Errorf("it took place %d times", n)
			}
		})
	}
}

// What the backup held for another reason may have gone out of the original once that reason was gone.
func TestWhatTheBackupHeldIsLookedForBeforeItIsSent(t *testing.T) {
	b := setup(t)
	if _, err := OpenEpoch(t.Context(), b.db, filepath.Join(t.TempDir(), "original")); err != nil {
		t.Fatal(err)
	}
	s := b.sender()
	b.exec(`UPDATE accounts SET sending = false`)
	held := b.add(b.onComment("r", channels.ReplyToComment))[0]
	b.drain(s)
	b.want(held.ID, "held:account_off")
	b.net.effects[held.Token] = 1 // the original's account was switched on after the backup
	var err error
	if s.Epoch, err = OpenEpoch(t.Context(), b.db, filepath.Join(t.TempDir(), "copy")); err != nil {
		t.Fatal(err)
	}
	b.exec(`UPDATE installation SET value = jsonb_set(value::jsonb, '{from}', to_jsonb(now()))::text WHERE key = 'send_gap'`)
	if err := s.Epoch.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.exec(`UPDATE accounts SET sending = true`)
	b.settleAll(s)
	b.drain(s)
	b.settleAll(s)
	b.want(held.ID, "done")
	if n := b.net.count(held.Token); n != 1 {
		t.Errorf("it took place %d times", n)
	}
}

// A reminder that was due in the gap left the original; the copy raises it again under another token, of which the
// network knows nothing.
func TestWhatACopyRaisesByItselfIsLookedForFirst(t *testing.T) {
	b, s := released(t)
	notice := b.message("notice", "we expect you today")
	notice.Origin, notice.Actor, notice.Purpose = gate.FromSystem, "", gate.Service
	bot, member := b.add(notice)[0], b.add(b.message("m", "typed just now"))[0]
	b.drain(s)
	b.want(bot.ID, "unknown:restored_copy")
	b.advance(2 * time.Second)
	b.drain(s)
	b.want(member.ID, "done")
	later := b.message("later", "and tomorrow again")
	later.Origin, later.Actor, later.Purpose = gate.FromSystem, "", gate.Service
	got := b.add(later)[0]
	b.exec(`UPDATE actions SET created_at = now() + interval '2 hours' WHERE id = $1`, got.ID)
	b.advance(2 * time.Second)
	b.drain(s)
	b.want(got.ID, "done")
}

func TestAnEpochThatIsBeingRenewedIsNoMismatch(t *testing.T) {
	b := setup(t)
	e, err := OpenEpoch(t.Context(), b.db, filepath.Join(t.TempDir(), "send-epoch"))
	if err != nil {
		t.Fatal(err)
	}
	renewed := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 40 {
			if err := e.Renew(t.Context()); err != nil {
				renewed <- err
				return
			}
		}
	}()
	for looks := 0; ; looks++ {
		select {
		case err := <-renewed:
			t.Fatal(err)
		case <-done:
			t.Logf("looked %d times", looks)
			return
		default:
		}
		if ok, err := e.Matches(t.Context()); err != nil || !ok {
			t.Fatalf("matches: %v, %v", ok, err)
		}
	}
}
