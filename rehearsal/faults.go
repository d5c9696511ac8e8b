package rehearsal

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is a disturbance of the next calls whose method and path begin so.
type Fault struct {
	Name   string `json:"name,omitempty"` // of a switch: it stays in force until it is cleared
	Method string `json:"method"`         // empty: any
	Path   string `json:"path"`           // part of the path; empty: any
	Times  int    `json:"times"`          // how many calls; 0: one
	Status int    `json:"status"`         // answer with this HTTP status …
	Code   int    `json:"code"`           // … and this error code; 0: an HTML page, as an edge server's
	Hang   int    `json:"hang_ms"`
	After  bool   `json:"after"` // the call takes place first, and then its answer is lost
}

// faults are the disturbances in force; they are not in the log.
type faults struct {
	mu       sync.Mutex
	list     []*Fault
	loseNext int             // webhooks lost
	tokens   map[string]bool // accounts whose token is dead
}

func (f *faults) take(c *call) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.Join(c.parts, "/")
	for i, one := range f.list {
		if one.Method != "" && one.Method != c.method || one.Path != "" && !strings.Contains(path, one.Path) {
			continue
		}
		if one.Name != "" {
			return one
		}
		if one.Times--; one.Times <= 0 {
			f.list = append(f.list[:i:i], f.list[i+1:]...)
		}
		return one
	}
	return nil
}

func (f *faults) add(one Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.Times = max(one.Times, 1)
	f.drop(one.Name)
	f.list = append(f.list, &one)
}

// drop takes the switch of a name out. The lock is held.
func (f *faults) drop(name string) {
	f.list = slices.DeleteFunc(f.list, func(one *Fault) bool { return name != "" && one.Name == name })
}

func (f *faults) clear(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(name)
}

// state is what is in force: the names of switches, webhooks still to be lost, accounts with a dead token.
func (f *faults) state() map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	names, dead := []string{}, []string{}
	for _, one := range f.list {
		if one.Name != "" {
			names = append(names, one.Name)
		}
	}
	for account, on := range f.tokens {
		if on {
			dead = append(dead, account)
		}
	}
	slices.Sort(dead)
	return map[string]any{"switches": names, "lose_webhooks": f.loseNext, "dead_tokens": dead}
}

func (f *faults) lose() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loseNext > 0 {
		f.loseNext--
		return true
	}
	return false
}

func (f *faults) dead(account string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tokens[account]
}

func (s *Server) answerFault(w http.ResponseWriter, r *http.Request, f *Fault) {
	if f.Hang > 0 {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Duration(f.Hang) * time.Millisecond):
		}
	}
	status := f.Status
	if status == 0 { // cut the connection
		if h, ok := w.(http.Hijacker); ok {
			if conn, _, err := h.Hijack(); err == nil {
				_ = conn.Close()
				return
			}
		}
		status = http.StatusBadGateway
	}
	if f.Code == 0 {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><body>Sorry, something went wrong.</body></html>"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	writeJSON(w, map[string]any{"error": map[string]any{"message": "(rehearsed)", "type": "OAuthException", "code": f.Code, "fbtrace_id": "RFAULT"}})
}
