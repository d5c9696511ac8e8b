package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"ponte/api"

	"ponte/auth"
	"ponte/inbox"
)

// post sends a body over a real socket and returns the status.
func (s *scene) post(url, body string, headers ...string) int {
	s.t.Helper()
	req, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// live is an open stream.
type live struct {
	t      *testing.T
	events chan event
	ended  chan struct{} // told that the session is over
	body   io.Closer
}

type event struct {
	id     string
	topics []string
}

// watch opens the stream and waits until it is open.
func (s *scene) watch(base string, role auth.Role, last string) *live {
	s.t.Helper()
	return s.watchAs(base, s.cookie[role], last)
}

func (s *scene) watchAs(base, cookie, last string) *live {
	s.t.Helper()
	req, err := http.NewRequest("GET", base+"/api/v1/stream", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || ct != "text/event-stream" {
		s.t.Fatalf("stream: %d %s", res.StatusCode, ct)
	}
	l := &live{s.t, make(chan event, 100), make(chan struct{}), res.Body}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	opened := make(chan struct{})
	go l.read(bufio.NewReader(res.Body), opened)
	select {
	case <-opened:
	case <-time.After(10 * time.Second):
		s.t.Fatal("the stream does not open")
	}
	return l
}

// read hands on events until the stream ends; the first line is the server's "retry".
func (l *live) read(r *bufio.Reader, opened chan struct{}) {
	defer close(l.events)
	var e event
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), ": "); name {
		case "retry":
			close(opened)
		case "event":
			if value == "ended" {
				close(l.ended)
				return
			}
		case "id":
			e.id = value
		case "data":
			var d struct {
				Topics []struct {
					Topic string `json:"topic"`
					ID    int64  `json:"id"`
				} `json:"topics"`
				Cursor string `json:"cursor"`
			}
			if err := json.Unmarshal([]byte(value), &d); err != nil || d.Cursor != e.id {
				l.t.Errorf("data %s with id %s: %v", value, e.id, err)
			}
			for _, topic := range d.Topics {
				e.topics = append(e.topics, fmt.Sprintf("%s %d", topic.Topic, topic.ID))
			}
			l.events <- e
			e = event{}
		}
	}
}

// next collects until all that is wanted has come; it returns the last cursor.
func (l *live) next(want ...string) string {
	l.t.Helper()
	var seen []string
	deadline := time.After(time.Minute) // the horizon is the whole server's: another test's long transaction delays it
	for {
		select {
		case e, ok := <-l.events:
			if !ok {
				l.t.Fatalf("the stream ended; seen %v, want %v", seen, want)
			}
			seen = append(seen, e.topics...)
			if !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(seen, w) }) {
				if extra := slices.DeleteFunc(slices.Clone(seen), func(s string) bool { return slices.Contains(want, s) }); len(extra) > 0 {
					l.t.Errorf("also seen: %v", extra)
				}
				return e.id
			}
		case <-deadline:
			l.t.Fatalf("seen %v, want %v", seen, want)
		}
	}
}

func (s *scene) touch(workspace int64, topic string, id int64) {
	s.t.Helper()
	if err := inbox.Touch(context.Background(), s.db, inbox.Change{WorkspaceID: workspace, Topic: topic, ObjectID: id}); err != nil {
		s.t.Fatal(err)
	}
}

// run serves live updates until stop is called.
func (s *scene) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.server.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(stop)
	return stop
}

func TestStreamTellsOnlyItsWorkspace(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	s.run()
	one, two := s.watch(base, auth.Owner, ""), s.watch(base, auth.Analyst, "")
	s.touch(s.other.id, "comment", 99)
	s.touch(s.home.id, "comment", 12)
	one.next("comment 12")
	two.next("comment 12")
}

// Whoever listens before the first look for changes misses none that come between.
func TestStreamTellsWhatCameBeforeTheFirstLook(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	one := s.watch(base, auth.Owner, "")
	s.touch(s.home.id, "comment", 12)
	s.run()
	one.next("comment 12")
}

// leave is a page that saw one change and lost its connection; it knows until where it saw.
func (s *scene) leave(base string) (cursor string) {
	first := s.watch(base, auth.Owner, "")
	s.touch(s.home.id, "comment", 1)
	cursor = first.next("comment 1")
	_ = first.body.Close()
	return cursor
}

func TestStreamResumesFromItsCursor(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	s.run()
	cursor := s.leave(base)
	s.touch(s.home.id, "comment", 2)
	s.touch(s.other.id, "comment", 98)
	s.touch(s.home.id, "message", 3)
	again := s.watch(base, auth.Owner, cursor)
	again.next("comment 2", "message 3")
	if res := s.do("GET", "/api/v1/stream", s.cookie[auth.Owner], nil, "Last-Event-ID", "x"); res.status != 422 {
		t.Errorf("a made-up cursor: %d, want 422", res.status)
	}
}

func TestStreamResumesWithAllOfALongAbsence(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	s.run()
	cursor := s.leave(base)
	s.exec(`INSERT INTO changes (workspace_id, topic, object_id) SELECT $1, 'comment', n FROM generate_series(2, 4500) n`, s.home.id)
	want := make([]string, 0, 4499)
	for n := 2; n <= 4500; n++ {
		want = append(want, fmt.Sprintf("comment %d", n))
	}
	other := s.watch(base, auth.Owner, "") // the hub goes on meanwhile
	s.touch(s.home.id, "message", 1)
	for e := range other.events {
		if slices.Contains(e.topics, "message 1") {
			break
		}
	}
	s.watch(base, auth.Owner, cursor).next(append(want, "message 1")...)
}

func TestStreamTellsThatItsSessionEndedAndNobodyElses(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	s.run()
	s.withPassword("ada@home.example")
	_, here := s.signIn("ada@home.example", password)
	_, there := s.signIn("ada@home.example", password)
	gone, mine, owner := s.watchAs(base, there, ""), s.watchAs(base, here, ""), s.watch(base, auth.Owner, "")
	var list api.Page[api.Session]
	s.must(200, "GET", "/api/v1/sessions", here, nil, &list)
	for _, v := range list.Items {
		if !v.Current {
			s.must(204, "DELETE", fmt.Sprintf("/api/v1/sessions/%d", v.ID), here, nil, nil)
		}
	}
	select {
	case <-gone.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("a session that was ended elsewhere is not told")
	}
	s.touch(s.home.id, "comment", 5)
	owner.next("comment 5") // not that of another's session
	mine.next("comment 5", fmt.Sprintf("session %d", s.id(`SELECT id FROM users WHERE email = 'ada@home.example'`)))
}

// Ids are given out before they are committed: a change with a lower id that commits later must not be
// lost.
func TestStreamWaitsForWhatCommitsLate(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	s.run()
	l := s.watch(base, auth.Owner, "")
	slow := s.db.MustBegin()
	defer func() { _ = slow.Rollback() }()
	if err := inbox.Touch(context.Background(), slow, inbox.Change{WorkspaceID: s.home.id, Topic: "comment", ObjectID: 1}); err != nil {
		t.Fatal(err)
	}
	s.touch(s.home.id, "comment", 2)
	select {
	case e := <-l.events:
		t.Fatalf("%v was told while an earlier change was still open", e.topics)
	case <-time.After(2500 * time.Millisecond): // two polls and more
	}
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	l.next("comment 1", "comment 2")
}

func TestStreamEndsWithTheServer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	stop := s.run()
	l := s.watch(base, auth.Owner, "")
	stop()
	select {
	case _, open := <-l.events:
		if open {
			t.Error("an event came instead of the end")
		}
	case <-time.After(10 * time.Second):
		t.Error("the stream did not end")
	}
}

// A transaction that began first may write the higher id: the change of the later one, which commits last, is told all the
// same, to open streams and to those that resume.
func TestStreamTellsWhatALaterTransactionWroteFirst(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	s.run()
	l := s.watch(base, auth.Owner, "")
	early := s.db.MustBegin()
	early.MustExec(`SELECT pg_current_xact_id()`)
	late := s.db.MustBegin()
	for i, tx := range []*sqlx.Tx{late, early} {
		if err := inbox.Touch(t.Context(), tx, inbox.Change{WorkspaceID: s.home.id, Topic: "comment", ObjectID: int64(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := early.Commit(); err != nil {
		t.Fatal(err)
	}
	cursor := l.next("comment 2")
	if err := late.Commit(); err != nil {
		t.Fatal(err)
	}
	l.next("comment 1")
	s.watch(base, auth.Owner, cursor).next("comment 1")
}

// One user's pages do not use up what everybody's share; a stream that closes makes room.
func TestOneUserHasFewStreams(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := s.listen()
	s.run()
	var open []*live
	for range 50 {
		open = append(open, s.watch(base, auth.Agent, ""))
	}
	again := func() (int, string) {
		req, err := http.NewRequest("GET", base+"/api/v1/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", s.cookie[auth.Agent])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return res.StatusCode, ""
		}
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body)
	}
	if status, body := again(); status != http.StatusTooManyRequests || !strings.Contains(body, "50 streams") {
		t.Errorf("one more: %d %s", status, body)
	}
	s.watch(base, auth.Owner, "")
	s.touch(s.home.id, "comment", 12)
	open[49].next("comment 12")
	_ = open[0].body.Close()
	for i := 0; ; i++ { // that somebody went shows when something is written to them
		if status, _ := again(); status == http.StatusOK {
			break
		}
		if i == 300 {
			t.Fatal("a stream that closed makes no room")
		}
		s.touch(s.home.id, "comment", 13)
		time.Sleep(100 * time.Millisecond)
	}
}
