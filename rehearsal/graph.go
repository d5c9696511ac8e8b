package rehearsal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// graphError is an error as the Graph API answers it.
type graphError struct {
	status, code, subcode int
	text                  string
}

func (e *graphError) Error() string { return e.text }

func refuse(status, code, subcode int, format string, args ...any) *graphError {
	return &graphError{status, code, subcode, fmt.Sprintf("(#%d) ", code) + fmt.Sprintf(format, args...)}
}

var gone = refuse(400, 100, 33, "Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation")

var versionPart = regexp.MustCompile(`^v\d+\.\d+$`)

// call is a Graph request, read.
type call struct {
	method  string
	parts   []string
	query   map[string]string
	body    map[string]any
	account *Account
	file    *File // of a multipart body

	raw    []byte // as it came
	offset string // file_offset, of an upload session
	oauth  bool   // the token came as OAuth
}

func (c *call) str(key string) string {
	if v, ok := c.query[key]; ok {
		return v
	}
	switch v := c.body[key].(type) {
	case string:
		return v
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

func (c *call) parts0() string {
	if len(c.parts) == 0 {
		return ""
	}
	return c.parts[0]
}

// graph answers one Graph call; the call and its outcome are in the log.
func (s *Server) graph(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 26<<20))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	c := &call{method: r.Method, query: map[string]string{}, body: map[string]any{}, raw: raw, oauth: strings.HasPrefix(r.Header.Get("Authorization"), "OAuth ")}
	if v := r.Header["File_offset"]; len(v) == 1 { // as Go writes file_offset
		c.offset = v[0]
	}
	for _, p := range strings.Split(strings.Trim(r.URL.Path, "/"), "/") {
		if !versionPart.MatchString(p) && p != "" {
			c.parts = append(c.parts, p)
		}
	}
	for k, v := range r.URL.Query() {
		c.query[k] = v[0]
	}
	readBody(c, r, raw)
	fault := s.faults.take(c)
	if fault != nil && !fault.After {
		s.answerFault(w, r, fault)
		return
	}
	s.mu.Lock()
	answer, failure := s.answer(c, bearer(r, c))
	if strings.HasPrefix(c.parts0(), "upload:") {
		raw = fmt.Appendf(nil, "%d bytes of a file", len(raw))
	}
	if c.file != nil {
		raw = fmt.Appendf(nil, "a file of %d bytes, %s", c.file.Size, c.file.MIME)
	}
	s.record(c, raw, failure)
	s.mu.Unlock()
	if fault != nil {
		s.answerFault(w, r, fault) // it took place, but the caller does not learn so
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("X-App-Usage", `{"call_count":1,"total_time":1,"total_cputime":1}`)
	if failure != nil {
		w.WriteHeader(failure.status)
		answer = map[string]any{"error": map[string]any{"message": failure.text, "type": "OAuthException", "code": failure.code, "error_subcode": failure.subcode, "fbtrace_id": fmt.Sprintf("R%08d", s.st.Seq)}}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func readBody(c *call, r *http.Request, raw []byte) {
	if readForm(c, r, raw) {
		return
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		r.Body = io.NopCloser(bytes.NewReader(raw))
		if r.ParseForm() == nil {
			for k, v := range r.PostForm {
				c.field(k, v[0])
			}
		}
		return
	}
	_ = json.Unmarshal(raw, &c.body)
	if c.body == nil {
		c.body = map[string]any{}
	}
}

// field is one value of a form; objects travel as JSON.
func (c *call) field(name, value string) {
	var inner map[string]any
	if json.Unmarshal([]byte(value), &inner) == nil {
		c.body[name] = inner
	} else {
		c.body[name] = value
	}
}

func bearer(r *http.Request, c *call) string {
	for _, kind := range []string{"Bearer ", "OAuth "} {
		if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), kind); ok {
			return t
		}
	}
	t := c.query["access_token"]
	delete(c.query, "access_token")
	return t
}

func (s *Server) record(c *call, raw []byte, failure *graphError) {
	rec := Call{Method: c.method, Path: "/" + strings.Join(c.parts, "/"), Body: string(raw), Status: 200}
	if len(c.query) > 0 && c.method != http.MethodGet {
		var q []string
		for k, v := range c.query {
			if k != "appsecret_proof" {
				q = append(q, k+"="+v)
			}
		}
		rec.Path += "?" + strings.Join(q, "&")
	}
	if failure != nil {
		rec.Status, rec.Code = failure.status, failure.code
	}
	if c.method == http.MethodGet {
		return // reading changes nothing
	}
	if err := s.do(entry{Call: &rec}); err != nil {
		s.log.Error("rehearsal: the log cannot be written", "error", err)
	}
}

// answer routes a call; the caller holds the lock.
func (s *Server) answer(c *call, token string) (any, *graphError) {
	if len(c.parts) == 0 {
		return nil, refuse(400, 2500, 0, "An active access token must be used to query information about the current user.")
	}
	if c.parts[0] == "debug_token" {
		return s.debugToken(c)
	}
	for _, a := range s.st.accounts {
		if a.Token == token {
			c.account = a
			break
		}
	}
	if c.account == nil || s.faults.dead(c.account.ID) {
		return nil, refuse(401, 190, 463, "Error validating access token: Session has expired")
	}
	edge := ""
	if len(c.parts) > 1 {
		edge = c.parts[1]
	}
	id := c.parts[0]
	if id == "me" {
		id = c.account.ID
	}
	switch {
	case id == c.account.ID || id == c.account.WABA:
		return s.onAccount(c, id, edge)
	case id == s.opt.AppID && edge == "uploads" && c.method == http.MethodPost:
		return s.openUpload(c)
	case s.st.uploads[id] != nil:
		return s.onUpload(c, s.st.uploads[id])
	case s.st.comments[id] != nil:
		return s.onComment(c, s.st.comments[id], edge)
	case s.st.posts[id] != nil:
		return s.onPost(c, s.st.posts[id], edge)
	case s.st.templates[id] != nil && c.account.Channel == "whatsapp":
		return s.onTemplate(c, s.st.templates[id], edge)
	case s.st.leads[id] != nil && c.account.Channel == "facebook" && c.method == http.MethodGet:
		return s.st.leads[id].node(), nil
	}
	if p := s.st.person(id); p != nil && c.method == http.MethodGet {
		return map[string]any{"id": id, "name": p.Name, "first_name": p.Name, "username": p.Username}, nil
	}
	return nil, gone
}

func (s *Server) debugToken(c *call) (any, *graphError) {
	for _, a := range s.st.accounts {
		if a.Token == c.query["input_token"] {
			scopes := map[string][]string{
				"facebook":  {"pages_manage_engagement", "pages_manage_metadata", "pages_messaging", "pages_read_engagement", "pages_read_user_content", "pages_show_list"},
				"instagram": {"instagram_basic", "instagram_manage_comments", "instagram_manage_messages"},
				"whatsapp":  {"whatsapp_business_management", "whatsapp_business_messaging"}}[a.Channel]
			return map[string]any{"data": map[string]any{"app_id": s.opt.AppID, "is_valid": !s.faults.dead(a.ID), "expires_at": 0, "scopes": scopes}}, nil
		}
	}
	return map[string]any{"data": map[string]any{"is_valid": false}}, nil
}

func (s *Server) onAccount(c *call, id, edge string) (any, *graphError) {
	a := c.account
	switch c.method + " " + edge {
	case "GET ":
		if node, ok, failure := s.mentionedNode(c); ok {
			return node, failure
		}
		return map[string]any{"id": a.ID, "name": a.Name, "username": "bondikayaks", "verified_name": a.Name, "display_phone_number": a.Phone, "quality_rating": "GREEN",
			"whatsapp_business_manager_messaging_limit": "TIER_2K", "account_mode": "LIVE"}, nil
	case "GET posts", "GET media", "GET feed":
		return s.page(c, s.postNodes(a.ID)), nil
	case "POST media":
		return s.keepMedia(c)
	case "POST message_attachments":
		return s.keepAttachment(c)
	case "GET conversations":
		return s.conversations(c)
	case "POST messages":
		if a.Channel == "whatsapp" {
			return s.sendWhatsApp(c)
		}
		return s.sendDM(c)
	case "POST mentions":
		if a.Channel == "instagram" {
			return s.answerMention(c)
		}
	case "GET subscribed_apps":
		fields := []string{"feed", "messages", "message_echoes", "message_reads", "message_deliveries", "messaging_postbacks", "message_reactions", "messaging_referrals", "comments", "messaging_seen"}
		return map[string]any{"data": []any{map[string]any{"id": s.opt.AppID, "name": "ponte", "subscribed_fields": fields}}}, nil
	case "POST subscribed_apps", "DELETE subscribed_apps", "POST block_users":
		return map[string]any{"success": true}, nil
	case "GET message_templates":
		list := []any{}
		for _, t := range sorted(s.st.templates, func(t *Template) bool { return t.Status != "DELETED" && strings.Contains(t.Name, c.query["name"]) }, func(x, y *Template) bool { return x.ID < y.ID }) {
			list = append(list, t.node())
		}
		return s.page(c, list), nil
	case "POST message_templates":
		return s.createTemplate(c)
	case "DELETE message_templates":
		return s.deleteTemplate(c)
	case "GET phone_numbers":
		return map[string]any{"data": []any{map[string]any{"id": a.ID, "display_phone_number": a.Phone, "verified_name": a.Name, "quality_rating": "GREEN"}}}, nil
	}
	return nil, refuse(400, 100, 0, "Unknown path components: /%s/%s", id, edge)
}

// page cuts a list at limit and after.
func (s *Server) page(c *call, list []any) map[string]any {
	limit, from := 25, 0
	_, _ = fmt.Sscan(c.query["limit"], &limit)
	_, _ = fmt.Sscan(c.query["after"], &from)
	limit = max(1, min(limit, 100))
	from = min(max(0, from), len(list))
	end := min(from+limit, len(list))
	out := map[string]any{"data": list[from:end]}
	if end < len(list) {
		out["paging"] = map[string]any{"cursors": map[string]any{"after": fmt.Sprint(end)}, "next": "https://example.invalid/next?after=" + fmt.Sprint(end)}
	}
	return out
}

const graphTime = "2006-01-02T15:04:05-0700"

func (s *Server) postNodes(account string) []any {
	out := []any{}
	for _, p := range sorted(s.st.posts, func(p *Post) bool { return p.Account == account }, func(x, y *Post) bool { return x.At.After(y.At) }) {
		out = append(out, s.postNode(p))
	}
	return out
}

func (s *Server) postNode(p *Post) map[string]any {
	picture := "http://" + s.opt.Addr + "/pictures/" + p.Picture
	n := map[string]any{"id": p.ID, "caption": p.Caption, "permalink": p.Permalink, "media_url": picture, "media_type": "IMAGE", "media_product_type": p.Type, "timestamp": p.At.Format(graphTime)}
	if s.st.accounts[p.Account].Channel == "facebook" {
		n = map[string]any{"id": p.ID, "message": p.Caption, "permalink_url": p.Permalink, "full_picture": picture, "created_time": p.At.Format(graphTime), "status_type": "added_photos"}
	}
	return n
}

func (s *Server) onPost(c *call, p *Post, edge string) (any, *graphError) {
	if p.Account != c.account.ID {
		return nil, gone
	}
	switch c.method + " " + edge {
	case "GET ":
		return s.postNode(p), nil
	case "GET comments":
		list := []any{}
		stream := c.account.Channel == "facebook" && c.query["filter"] == "stream"
		for _, k := range sorted(s.st.comments, func(k *Comment) bool { return k.Post == p.ID && !k.Deleted && (k.Parent == "" || stream) }, func(x, y *Comment) bool { return x.At.After(y.At) }) {
			list = append(list, s.commentNode(k, true))
		}
		return s.page(c, list), nil
	}
	return nil, refuse(400, 100, 0, "Unknown path components: /%s", edge)
}

func (s *Server) commentNode(k *Comment, replies bool) map[string]any {
	p := s.st.people[k.Person]
	if s.st.accounts[k.Account].Channel == "instagram" {
		n := map[string]any{"id": k.ID, "text": k.Text, "timestamp": k.At.Format(graphTime), "hidden": k.Hidden, "media": map[string]any{"id": k.Post, "media_product_type": "FEED"}}
		n["from"], n["username"] = map[string]any{"id": k.Account, "username": "bondikayaks"}, "bondikayaks"
		if p != nil {
			n["from"], n["username"] = map[string]any{"id": p.igsid(), "username": p.Username}, p.Username
		}
		if k.Parent != "" {
			n["parent_id"] = k.Parent
		}
		if replies {
			list := []any{}
			for _, r := range sorted(s.st.comments, func(r *Comment) bool { return r.Parent == k.ID && !r.Deleted }, func(x, y *Comment) bool { return x.At.Before(y.At) }) {
				list = append(list, s.commentNode(r, false))
			}
			if len(list) > 0 {
				n["replies"] = map[string]any{"data": list}
			}
		}
		return n
	}
	n := map[string]any{"id": k.ID, "message": k.Text, "created_time": k.At.Format(graphTime), "is_hidden": k.Hidden, "can_hide": true, "can_reply_privately": !k.Replied,
		"from": map[string]any{"id": k.Account, "name": s.st.accounts[k.Account].Name}}
	if p != nil {
		n["from"] = map[string]any{"id": p.commenter(), "name": p.Name}
	}
	if k.Parent != "" {
		n["parent"] = map[string]any{"id": k.Parent}
	}
	return n
}

func (s *Server) onComment(c *call, k *Comment, edge string) (any, *graphError) {
	if k.Account != c.account.ID || k.Deleted {
		return nil, gone
	}
	instagram := c.account.Channel == "instagram"
	switch {
	case c.method == http.MethodGet && edge == "":
		return s.commentNode(k, true), nil
	case c.method == http.MethodGet && (edge == "comments" || edge == "replies"):
		list := []any{}
		for _, r := range sorted(s.st.comments, func(r *Comment) bool { return r.Parent == k.ID && !r.Deleted }, func(x, y *Comment) bool { return x.At.Before(y.At) }) {
			list = append(list, s.commentNode(r, false))
		}
		return s.page(c, list), nil
	case c.method == http.MethodPost && (edge == "replies" && instagram || edge == "comments" && !instagram):
		return s.reply(c, k)
	case c.method == http.MethodPost && edge == "":
		hide := c.str("is_hidden")
		if instagram {
			hide = c.query["hide"]
		}
		if hide != "true" && hide != "false" {
			return nil, refuse(400, 100, 0, "Invalid parameter")
		}
		return s.change(k, func(n *Comment) { n.Hidden = hide == "true" }, map[string]string{"true": "hide", "false": "unhide"}[hide])
	case c.method == http.MethodDelete && edge == "":
		return s.change(k, func(n *Comment) { n.Deleted = true }, "remove")
	}
	return nil, refuse(400, 100, 0, "Unknown path components: /%s", edge)
}

func (s *Server) change(k *Comment, set func(*Comment), verb string) (any, *graphError) {
	n := *k
	set(&n)
	if err := s.do(entry{Comment: &n, Webhook: s.st.commentWebhook(n, verb, s.now())}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	return map[string]any{"success": true}, nil
}

func (s *Server) reply(c *call, k *Comment) (any, *graphError) {
	text := c.str("message")
	if text == "" {
		return nil, refuse(400, 100, 0, "Invalid parameter: message")
	}
	if k.Hidden && c.account.Channel == "instagram" {
		return nil, refuse(400, 100, 0, "A hidden comment cannot be replied to")
	}
	parent := k.ID
	if k.Parent != "" {
		parent = k.Parent // replies attach to top-level comments
	}
	n := Comment{ID: s.commentID(k.Post), Account: k.Account, Post: k.Post, Parent: parent, Text: text, At: s.now().UTC().Truncate(time.Second)}
	if err := s.do(entry{Comment: &n, Webhook: s.st.commentWebhook(n, "add", s.now())}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	return map[string]any{"id": n.ID}, nil
}

func (s *Server) commentID(post string) string {
	if _, after, ok := strings.Cut(post, "_"); ok {
		return fmt.Sprintf("%s_9%09d", after, s.st.Seq+1)
	}
	return s.st.id("17900")
}
