package channels

import (
	"strings"
	"testing"
)

func TestAFileIsWhatItsBytesSay(t *testing.T) {
	t.Parallel()
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 20)
	jpeg := "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
	for name, c := range map[string]struct {
		channel    Channel
		file, body string
		want, says string // the type and its MIME, or a piece of the sentence
	}{
		"a picture":                       {WhatsApp, "a.png", png, "image image/png", ""},
		"whatever it is called":           {WhatsApp, "invoice.pdf", jpeg, "image image/jpeg", ""},
		"a web page called a picture":     {WhatsApp, "a.png", "<html><body>hi</body></html>", "", "text/html"},
		"a script within text":            {WhatsApp, "a.txt", "hello <script>alert(1)</script>", "", "text/html"},
		"a program called a document":     {WhatsApp, "a.pdf", "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 40), "", "cannot be told"},
		"a PDF":                           {Instagram, "menu.pdf", "%PDF-1.7\n", "document application/pdf", ""},
		"a sheet":                         {Messenger, "prices.xlsx", "PK\x03\x04....", "document " + office[4], ""},
		"a sheet where none are taken":    {Instagram, "prices.xlsx", "PK\x03\x04....", "", "takes no files"},
		"an archive that is no document":  {WhatsApp, "all.zip", "PK\x03\x04....", "", "application/zip"},
		"a clip":                          {WhatsApp, "a.mp4", "\x00\x00\x00\x18ftypisom....", "video video/mp4", ""},
		"a clip of a phone from Apple":    {WhatsApp, "a.mov", "\x00\x00\x00\x14ftypqt  ....", "", "video/quicktime"},
		"a clip from 3GPP":                {WhatsApp, "a.3gp", "\x00\x00\x00\x14ftyp3gp5....", "video video/3gpp", ""},
		"a recording":                     {Instagram, "a.m4a", "\x00\x00\x00\x18ftypM4A ....", "audio audio/mp4", ""},
		"an MP3 without tags":             {WhatsApp, "a.mp3", "\xff\xfb\x90\x00....", "audio audio/mpeg", ""},
		"an MP3 where none are taken":     {Instagram, "a.mp3", "ID3\x04....", "", "takes no files"},
		"AAC":                             {WhatsApp, "a.aac", "\xff\xf1\x50\x80....", "audio audio/aac", ""},
		"a voice message":                 {WhatsApp, "a.ogg", "OggS\x00\x02....", "audio audio/ogg", ""},
		"a picture that is too large":     {WhatsApp, "a.png", png + strings.Repeat("x", 5<<20), "", "at most 5 MB"},
		"which another network still may": {Instagram, "a.png", png + strings.Repeat("x", 5<<20), "image image/png", ""},
		"a comment thread takes none":     {Facebook, "a.png", png, "", "takes no files"},
		"nothing":                         {WhatsApp, "a", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, mime, err := CheckFile(c.channel, c.file, []byte(c.body))
			if c.want != "" && (err != nil || l.Type+" "+mime != c.want) {
				t.Fatalf("%s %s, %v; want %s", l.Type, mime, err, c.want)
			}
			if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Fatalf("%v; want it to say %q", err, c.says)
			}
		})
	}
}

func TestNoLimitIsBeyondWhatIsTaken(t *testing.T) {
	t.Parallel()
	for channel, list := range fileLimits {
		for _, l := range list {
			if l.MaxBytes > MaxFile || l.MaxBytes <= 0 {
				t.Errorf("%s %s: %d bytes", channel, l.Type, l.MaxBytes)
			}
		}
	}
}
