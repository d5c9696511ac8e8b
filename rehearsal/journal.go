package rehearsal

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// entry is one change; the state is what all entries together make. Exactly one of the pointers is set,
// a webhook may stand beside it.
type entry struct {
	Seq      int       `json:"seq"`
	At       time.Time `json:"at"`
	Post     *Post     `json:"post,omitempty"`
	Comment  *Comment  `json:"comment,omitempty"` // new, or changed as a whole
	Person   *Person   `json:"person,omitempty"`
	Message  *Message  `json:"message,omitempty"` // new, or changed as a whole
	Template *Template `json:"template,omitempty"`
	Lead     *Lead     `json:"lead,omitempty"`
	File     *File     `json:"file,omitempty"`
	Upload   *Upload   `json:"upload,omitempty"`
	Call     *Call     `json:"call,omitempty"`
	Webhook  *Webhook  `json:"webhook,omitempty"`
	Sent     int       `json:"sent,omitempty"`    // a webhook that was answered with 200
	Stopped  string    `json:"stopped,omitempty"` // person who stopped marketing
	Resumed  string    `json:"resumed,omitempty"`
}

// journal is an append-only file of JSON lines, synced before anything is answered.
type journal struct {
	mu sync.Mutex
	f  *os.File
}

// openJournal replays what is there and opens the file to append; a line cut by a kill is dropped.
func openJournal(path string, apply func(entry)) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the rehearsal's log: %w", err)
	}
	r := bufio.NewReaderSize(f, 1<<20)
	var good int64
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			break
		}
		var e entry
		if json.Unmarshal(line, &e) != nil {
			break
		}
		apply(e)
		good += int64(len(line))
	}
	if err := f.Truncate(good); err != nil {
		return nil, fmt.Errorf("cut a broken line off the rehearsal's log: %w", err)
	}
	if _, err := f.Seek(good, 0); err != nil {
		return nil, fmt.Errorf("open the rehearsal's log: %w", err)
	}
	return &journal{f: f}, nil
}

func (j *journal) write(e entry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode a change: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.f.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write the rehearsal's log: %w", err)
	}
	return j.f.Sync()
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.f.Close()
}
