package rehearsal

import (
	_ "embed" // the demo brand's words
	"encoding/json"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"
)

func unescape(s string) (string, error) { return url.QueryUnescape(s) }

// The demo brand's ids are fixed, so that accounts can be connected by script.
const (
	DemoPage      = "1100000000000001"
	DemoInstagram = "17841400000000001"
	DemoNumber    = "210000000000001"
	DemoWABA      = "200000000000001"
	DemoPhone     = "61491570156" // a number that the Australian regulator keeps for fiction
)

// DemoAccounts are the accounts of the demo brand with the tokens the stand-in accepts.
func DemoAccounts() []Account {
	return []Account{
		{Channel: "facebook", ID: DemoPage, Name: "Bondi Kayaks", Token: "rehearsal-page"},
		{Channel: "instagram", ID: DemoInstagram, Name: "Bondi Kayaks", Token: "rehearsal-instagram"},
		{Channel: "whatsapp", ID: DemoNumber, Name: "Bondi Kayaks", Token: "rehearsal-whatsapp", WABA: DemoWABA, Phone: DemoPhone},
	}
}

//go:embed demo.json
var demoWords []byte

type demoBrand struct {
	People []Person `json:"people"`
	Posts  []struct {
		On       string   `json:"on"`
		Caption  string   `json:"caption"`
		DaysAgo  float64  `json:"days_ago"`
		Comments []string `json:"comments"` // "person number|text"; a leading > answers the comment before
	} `json:"posts"`
	Messages []struct {
		On      string  `json:"on"`
		Person  int     `json:"person"`
		DaysAgo float64 `json:"days_ago"`
		Text    string  `json:"text"`
		FromUs  bool    `json:"from_brand"`
	} `json:"messages"`
	Templates []Template `json:"templates"`
	Today     []struct {
		On     string `json:"on"`
		Post   int    `json:"post"` // 0: a message
		Person int    `json:"person"`
		Text   string `json:"text"`
	} `json:"today"`
}

// seed writes the demo brand's past into the log; it is history, so no webhook announces it.
func (s *Server) seed() error {
	var d demoBrand
	if err := json.Unmarshal(demoWords, &d); err != nil {
		return fmt.Errorf("read the demo brand: %w", err)
	}
	account := map[string]string{"facebook": DemoPage, "instagram": DemoInstagram, "whatsapp": DemoNumber}
	now := s.now().UTC().Truncate(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range d.People {
		p.ID = fmt.Sprintf("%010d", i+1)
		if err := s.do(entry{Person: &p}); err != nil {
			return err
		}
	}
	for i, p := range d.Posts {
		at := now.Add(-time.Duration(p.DaysAgo * 24 * float64(time.Hour)))
		post := Post{ID: fmt.Sprintf("179000000000%05d", i+1), Account: account[p.On], Caption: p.Caption, Picture: fmt.Sprintf("%d.png", i+1), Type: "FEED", At: at,
			Permalink: fmt.Sprintf("https://www.instagram.com/p/BK%05d/", i+1)}
		if p.On == "facebook" {
			post.ID, post.Permalink = fmt.Sprintf("%s_300000000000%03d", DemoPage, i+1), fmt.Sprintf("https://www.facebook.com/bondikayaks/posts/%d", i+1)
		}
		if err := s.do(entry{Post: &post}); err != nil {
			return err
		}
		if err := s.seedComments(post, p.Comments, at, now); err != nil {
			return err
		}
	}
	for _, m := range d.Messages {
		msg := Message{ID: s.st.id("m_old"), Account: account[m.On], Person: fmt.Sprintf("%010d", m.Person), FromUs: m.FromUs, Type: "text", Text: m.Text, At: now.Add(-time.Duration(m.DaysAgo * 24 * float64(time.Hour)))}
		if err := s.do(entry{Message: &msg}); err != nil {
			return err
		}
	}
	for i, t := range d.Templates {
		t.ID, t.Status = fmt.Sprintf("80000000%03d", i+1), "APPROVED"
		if t.Components == nil {
			t.Components = []any{map[string]any{"type": "BODY", "text": t.Body}}
		}
		if err := s.do(entry{Template: &t}); err != nil {
			return err
		}
	}
	return nil
}

// playToday lets some of the demo's customers write now: no history, so webhooks announce them.
func (s *Server) playToday(input) (map[string]any, error) {
	var d demoBrand
	if err := json.Unmarshal(demoWords, &d); err != nil {
		return nil, fmt.Errorf("read the demo brand: %w", err)
	}
	account := map[string]string{"facebook": DemoPage, "instagram": DemoInstagram, "whatsapp": DemoNumber}
	byCaption := map[string]*Post{}
	for _, p := range s.st.posts {
		byCaption[p.Caption] = p
	}
	for _, t := range d.Today {
		in := input{Account: account[t.On], Person: fmt.Sprintf("%010d", t.Person), Text: t.Text}
		play := s.playDM
		switch {
		case t.Post > 0:
			post := byCaption[d.Posts[t.Post-1].Caption]
			if post == nil {
				return nil, fmt.Errorf("the demo brand is not here: start with --demo")
			}
			in.Post, play = post.ID, s.playComment
		case t.On == "whatsapp":
			play = s.playWhatsApp
		}
		if _, err := play(in); err != nil {
			return nil, fmt.Errorf("let customer %d of the demo write: %w", t.Person, err)
		}
	}
	return map[string]any{"written": len(d.Today)}, nil
}

func (s *Server) seedComments(post Post, lines []string, at, now time.Time) error {
	step := now.Sub(at) / time.Duration(len(lines)+2)
	last := ""
	for i, line := range lines {
		answers := strings.HasPrefix(line, ">")
		var person int
		who, text, _ := strings.Cut(strings.TrimPrefix(line, ">"), "|")
		if _, err := fmt.Sscan(who, &person); err != nil {
			return fmt.Errorf("demo comment %q: %w", line, err)
		}
		k := Comment{ID: s.commentID(post.ID), Account: post.Account, Post: post.ID, Text: text, At: at.Add(step * time.Duration(i+1)).Truncate(time.Second)}
		if person > 0 {
			k.Person = fmt.Sprintf("%010d", person)
		}
		if answers {
			k.Parent = last
		} else {
			last = k.ID
		}
		if err := s.do(entry{Comment: &k}); err != nil {
			return err
		}
	}
	return nil
}

// picture draws a post's picture: sea, sky, sun and a kayak, in colours of its own for each name.
func (s *Server) picture(w http.ResponseWriter, r *http.Request) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.PathValue("name")))
	seed := h.Sum32()
	const size = 480
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	tone := float64(seed%100) / 100
	horizon := 180 + int(seed%90)
	sunX, sunY, sunR := 80+int(seed>>3%320), 60+int(seed>>5%90), 26+int(seed>>7%22)
	hull := []color.RGBA{{226, 82, 60, 255}, {244, 178, 52, 255}, {46, 134, 171, 255}, {94, 184, 122, 255}}[seed>>9%4]
	boatX, boatY := 120+int(seed>>11%220), horizon+70+int(seed>>13%120)
	for y := range size {
		for x := range size {
			c := color.RGBA{uint8(255 - 60*tone - float64(y)/6), uint8(214 - float64(y)/8 + 20*tone), uint8(190 + 50*tone), 255}
			if y > horizon {
				wave := math.Sin(float64(x)/23+float64(y)/7+tone*9) * 9
				c = color.RGBA{uint8(30 + 30*tone), uint8(110 + wave + 40*(1-tone)), uint8(150 + wave + 50*tone), 255}
			}
			if dx, dy := x-sunX, y-sunY; dx*dx+dy*dy < sunR*sunR {
				c = color.RGBA{255, 244, 204, 255}
			}
			dx, dy := float64(x-boatX)/95, float64(y-boatY)/15
			if dx*dx+dy*dy < 1 && dy > -0.3 {
				c = hull
			}
			if px, py := x-boatX, y-boatY; px*px/60+(py+22)*(py+22)/150 < 1 {
				c = color.RGBA{60, 50, 60, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "max-age=86400")
	_ = png.Encode(w, img)
}
