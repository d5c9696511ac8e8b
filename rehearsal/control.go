package rehearsal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The control API lets one be the customer. All bodies and answers are JSON.
//
//	GET  /control/state                     {seq, accounts[], posts[], comments[], people[], messages[], templates[], pending_webhooks}
//	GET  /control/changes?after=SEQ         waits up to 20 s for a change, answers {seq}
//	GET  /control/calls                     {calls[]}: every Graph call that changed something, oldest first
//	POST /control/comment   {account, post, person, text, parent?}   -> {id}
//	POST /control/mention   {person, text, post?, caption?}          -> {id, post}: on a post of their own that mentions the brand on Instagram; without text its caption does
//	POST /control/edit      {comment, text}             Facebook announces it, Instagram does not
//	POST /control/remove    {comment}                   likewise
//	POST /control/dm        {account, person, text}                  -> {id}
//	POST /control/whatsapp  {person, text | button | row, forwarded?, account?, reply_to?, hours?}  -> {id}; button and row are {id,title}; hours: it was written that long ago and is told only now
//	POST /control/unsend    {message}
//	POST /control/tap       {message}                   -> {phone, text}: what a wa.me link in the message would prefill
//	POST /control/person    {name, username, language, phone}        -> {id}
//	POST /control/preference {person, value: stop|resume}
//	POST /control/age       {comment | message, hours}  makes it older, to try what time does
//	POST /control/template  {id, status}          the reviewers' or the quality's doing, told by webhook
//	POST /control/template-category {id, value}  Meta files it under another category
//	POST /control/template-quality  {id, value}
//	POST /control/lead      {id?, name, phone, value: form, on: box ticked}
//	POST /control/today     {}                          some customers of the demo brand write at once
//	GET  /control/faults                    {switches[], lose_webhooks, dead_tokens[]}: what is in force
//	POST /control/faults    {method, path, times, status, code, hang_ms, after} | {lose_webhooks: N} | {dead_token: account, on: bool};
//	                        with a name a disturbance stays in force until {clear: name}
func (s *Server) controlRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/state", s.controlState)
	mux.HandleFunc("GET /control/changes", s.controlChanges)
	mux.HandleFunc("GET /control/calls", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		writeJSON(w, map[string]any{"calls": s.st.calls})
	})
	mux.HandleFunc("GET /control/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.faults.state()) })
	post := func(path string, f func(in input) (map[string]any, error)) {
		mux.HandleFunc("POST /control/"+path, func(w http.ResponseWriter, r *http.Request) {
			var in input
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				writeJSON(w, map[string]any{"error": "the body is not JSON"})
				return
			}
			s.mu.Lock()
			out, err := f(in)
			s.mu.Unlock()
			if err != nil {
				w.WriteHeader(http.StatusUnprocessableEntity)
				writeJSON(w, map[string]any{"error": err.Error()})
				return
			}
			writeJSON(w, out)
		})
	}
	post("comment", s.playComment)
	post("mention", s.playMention)
	post("edit", func(in input) (map[string]any, error) { return s.playChange(in, "edited") })
	post("remove", func(in input) (map[string]any, error) { return s.playChange(in, "remove") })
	post("dm", s.playDM)
	post("whatsapp", s.playWhatsApp)
	post("unsend", s.playUnsend)
	post("tap", s.playTap)
	post("person", s.playPerson)
	post("preference", s.playPreference)
	post("age", s.playAge)
	post("template", s.playTemplate)
	post("template-category", s.playCategory)
	post("template-quality", s.playQuality)
	post("lead", s.playLead)
	post("faults", s.playFault)
	post("today", s.playToday)
}

type input struct {
	Account   string  `json:"account"`
	Post      string  `json:"post"`
	Person    string  `json:"person"`
	Text      string  `json:"text"`
	Caption   string  `json:"caption"`
	Parent    string  `json:"parent"`
	Comment   string  `json:"comment"`
	Message   string  `json:"message"`
	Button    *Button `json:"button"`
	Row       *Button `json:"row"`
	Forwarded bool    `json:"forwarded"`
	ReplyTo   string  `json:"reply_to"`
	Name      string  `json:"name"`
	Username  string  `json:"username"`
	Language  string  `json:"language"`
	Phone     string  `json:"phone"`
	Value     string  `json:"value"`
	Hours     float64 `json:"hours"`
	ID        string  `json:"id"`
	Status    any     `json:"status"`
	Lose      *int    `json:"lose_webhooks"`
	Clear     string  `json:"clear"`
	Dead      string  `json:"dead_token"`
	On        bool    `json:"on"`
	Method    string  `json:"method"`
	Path      string  `json:"path"`
	Times     int     `json:"times"`
	Code      int     `json:"code"`
	Hang      int     `json:"hang_ms"`
	After     bool    `json:"after"`
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) controlState(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	accounts := []map[string]any{}
	for _, a := range s.st.accounts {
		accounts = append(accounts, map[string]any{"channel": a.Channel, "id": a.ID, "name": a.Name, "phone": a.Phone})
	}
	sort.Slice(accounts, func(i, j int) bool { return fmt.Sprint(accounts[i]["channel"]) < fmt.Sprint(accounts[j]["channel"]) })
	writeJSON(w, map[string]any{"seq": s.st.Seq, "accounts": accounts, "pending_webhooks": len(s.st.pending),
		"posts":     sorted(s.st.posts, func(*Post) bool { return true }, func(a, b *Post) bool { return a.At.After(b.At) }),
		"comments":  sorted(s.st.comments, func(*Comment) bool { return true }, func(a, b *Comment) bool { return a.At.Before(b.At) }),
		"people":    sorted(s.st.people, func(*Person) bool { return true }, func(a, b *Person) bool { return a.ID < b.ID }),
		"messages":  sorted(s.st.messages, func(*Message) bool { return true }, func(a, b *Message) bool { return a.At.Before(b.At) }),
		"templates": sorted(s.st.templates, func(t *Template) bool { return t.Status != "DELETED" }, func(a, b *Template) bool { return a.ID < b.ID })})
}

func (s *Server) controlChanges(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	deadline := time.AfterFunc(20*time.Second, s.changed.Broadcast)
	defer deadline.Stop()
	end := time.Now().Add(20 * time.Second)
	s.mu.Lock()
	for s.st.Seq <= after && time.Now().Before(end) && r.Context().Err() == nil {
		s.changed.Wait()
	}
	seq := s.st.Seq
	s.mu.Unlock()
	writeJSON(w, map[string]any{"seq": seq})
}

func (s *Server) who(in input, channel string) (*Account, *Person, error) {
	p := s.st.people[in.Person]
	if p == nil {
		return nil, nil, fmt.Errorf("there is no person %q", in.Person)
	}
	for _, a := range s.st.accounts {
		if a.ID == in.Account || in.Account == "" && a.Channel == channel {
			return a, p, nil
		}
	}
	return nil, nil, fmt.Errorf("there is no account %q", in.Account)
}

func (s *Server) playComment(in input) (map[string]any, error) {
	post := s.st.posts[in.Post]
	if post == nil {
		return nil, fmt.Errorf("there is no post %q", in.Post)
	}
	in.Account = post.Account
	_, p, err := s.who(in, "")
	if err != nil {
		return nil, err
	}
	parent := in.Parent
	if parent != "" {
		up := s.st.comments[parent]
		if up == nil || up.Deleted {
			return nil, fmt.Errorf("there is no comment %q to answer", parent)
		}
		if up.Parent != "" {
			parent = up.Parent
		}
	}
	k := Comment{ID: s.commentID(post.ID), Account: post.Account, Post: post.ID, Parent: parent, Person: p.ID, Text: in.Text, At: s.now().UTC().Truncate(time.Second)}
	return map[string]any{"id": k.ID}, s.do(entry{Comment: &k, Webhook: s.st.commentWebhook(k, "add", k.At)})
}

func (s *Server) playChange(in input, verb string) (map[string]any, error) {
	k := s.st.comments[in.Comment]
	if k == nil || k.Deleted {
		return nil, fmt.Errorf("there is no comment %q", in.Comment)
	}
	n := *k
	if verb == "edited" {
		n.Text = in.Text
	} else {
		n.Deleted = true
	}
	return map[string]any{"id": n.ID}, s.do(entry{Comment: &n, Webhook: s.st.commentWebhook(n, verb, s.now())})
}

func (s *Server) playDM(in input) (map[string]any, error) {
	a, p, err := s.who(in, "instagram")
	if err != nil {
		return nil, err
	}
	if a.Channel == "whatsapp" {
		return nil, fmt.Errorf("WhatsApp messages go through /control/whatsapp")
	}
	m := Message{ID: s.st.id("m_in"), Account: a.ID, Person: p.ID, Type: "text", Text: in.Text, At: s.now().UTC()}
	return map[string]any{"id": m.ID}, s.do(entry{Message: &m, Webhook: s.st.dmWebhook(m, m.At)})
}

func (s *Server) playWhatsApp(in input) (map[string]any, error) {
	a, p, err := s.who(in, "whatsapp")
	if err != nil {
		return nil, err
	}
	m := Message{ID: s.st.id("wamid.IN"), Account: a.ID, Person: p.ID, Type: "text", Text: in.Text, At: s.now().UTC().Add(-time.Duration(in.Hours * float64(time.Hour)))}
	content := map[string]any{"text": map[string]any{"body": in.Text}}
	switch {
	case in.Button != nil:
		m.Type, m.Text = "interactive", in.Button.Title
		content = map[string]any{"interactive": map[string]any{"type": "button_reply", "button_reply": in.Button}}
	case in.Row != nil:
		m.Type, m.Text = "interactive", in.Row.Title
		content = map[string]any{"interactive": map[string]any{"type": "list_reply", "list_reply": in.Row}}
	case strings.TrimSpace(in.Text) == "":
		return nil, fmt.Errorf("there is nothing to say")
	}
	if in.Forwarded || in.ReplyTo != "" {
		content["context"] = map[string]any{"forwarded": in.Forwarded, "id": in.ReplyTo}
	}
	return map[string]any{"id": m.ID}, s.do(entry{Message: &m, Webhook: s.st.waWebhook(m, content)})
}

func (s *Server) playUnsend(in input) (map[string]any, error) {
	m := s.st.messages[in.Message]
	if m == nil || m.FromUs || s.st.accounts[m.Account].Channel == "whatsapp" {
		return nil, fmt.Errorf("only a customer's direct message can be taken back")
	}
	n := *m
	n.Deleted, n.Text = true, ""
	return map[string]any{"id": n.ID}, s.do(entry{Message: &n, Webhook: s.st.dmWebhook(n, s.now())})
}

var waLink = regexp.MustCompile(`https://wa\.me/(\d+)\?text=([^\s]+)`)

// playTap opens a wa.me link of a message, or of its button: the phone and the text that stands ready.
func (s *Server) playTap(in input) (map[string]any, error) {
	m := s.st.messages[in.Message]
	if m == nil {
		return nil, fmt.Errorf("there is no message %q", in.Message)
	}
	text := m.Text
	if m.Link != nil {
		text += " " + m.Link.ID
	}
	found := waLink.FindStringSubmatch(text)
	if found == nil {
		return nil, fmt.Errorf("the message has no link to WhatsApp")
	}
	prefilled, err := unescape(found[2])
	if err != nil {
		return nil, err
	}
	return map[string]any{"phone": found[1], "text": prefilled}, nil
}

func (s *Server) playPerson(in input) (map[string]any, error) {
	if in.Name == "" || in.Phone == "" {
		return nil, fmt.Errorf("a person needs a name and a phone")
	}
	p := Person{ID: fmt.Sprintf("%010d", len(s.st.people)+1), Name: in.Name, Username: in.Username, Language: in.Language, Phone: strings.TrimPrefix(in.Phone, "+")}
	if s.st.person(p.Phone) != nil {
		return nil, fmt.Errorf("somebody has that phone already")
	}
	return map[string]any{"id": p.ID}, s.do(entry{Person: &p})
}

func (s *Server) playPreference(in input) (map[string]any, error) {
	a, p, err := s.who(in, "whatsapp")
	if err != nil {
		return nil, err
	}
	at := s.now().UTC()
	value := map[string]any{"messaging_product": "whatsapp", "metadata": map[string]any{"phone_number_id": a.ID, "display_phone_number": a.Phone},
		"contacts":         []any{map[string]any{"profile": map[string]any{"name": p.Name}, "wa_id": p.Phone, "user_id": p.bsuid()}},
		"user_preferences": []any{map[string]any{"wa_id": p.Phone, "user_id": p.bsuid(), "detail": "User requested", "category": "marketing_messages", "value": in.Value, "timestamp": at.Unix()}}}
	e := entry{Webhook: s.st.webhook("whatsapp_business_account", a.WABA, at, map[string]any{"time": at.Unix(), "changes": []any{map[string]any{"field": "user_preferences", "value": value}}})}
	switch in.Value {
	case "stop":
		e.Stopped = p.ID
	case "resume":
		e.Resumed = p.ID
	default:
		return nil, fmt.Errorf("value must be stop or resume")
	}
	return map[string]any{}, s.do(e)
}

func (s *Server) playAge(in input) (map[string]any, error) {
	back := time.Duration(in.Hours * float64(time.Hour))
	if k := s.st.comments[in.Comment]; k != nil {
		n := *k
		n.At = n.At.Add(-back)
		return map[string]any{}, s.do(entry{Comment: &n})
	}
	if m := s.st.messages[in.Message]; m != nil {
		n := *m
		n.At = n.At.Add(-back)
		return map[string]any{}, s.do(entry{Message: &n})
	}
	return nil, fmt.Errorf("name a comment or a message")
}

func (s *Server) playTemplate(in input) (map[string]any, error) {
	t := s.st.templates[in.ID]
	status, _ := in.Status.(string)
	if t == nil || status == "" {
		return nil, fmt.Errorf("name a template and a status")
	}
	return map[string]any{}, s.moveTemplate(t, status, "NONE")
}

func (s *Server) playFault(in input) (map[string]any, error) {
	switch {
	case in.Clear != "":
		s.faults.clear(in.Clear)
	case in.Lose != nil:
		s.faults.mu.Lock()
		s.faults.loseNext = max(0, *in.Lose)
		s.faults.mu.Unlock()
	case in.Dead != "":
		s.faults.mu.Lock()
		if s.faults.tokens == nil {
			s.faults.tokens = map[string]bool{}
		}
		s.faults.tokens[in.Dead] = in.On
		s.faults.mu.Unlock()
	default:
		status, _ := in.Status.(float64)
		s.faults.add(Fault{Name: in.Name, Method: in.Method, Path: in.Path, Times: in.Times, Status: int(status), Code: in.Code, Hang: in.Hang, After: in.After})
	}
	return map[string]any{}, nil
}
