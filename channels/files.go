package channels

import (
	"bytes"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// MaxFile is the largest file that is taken for a reply. WhatsApp's documents and Messenger's files may be
// larger; here they would cost a small machine its memory.
const MaxFile = 16 << 20

// FileLimit is what a network takes of one type of file.
type FileLimit struct {
	Type     string   `json:"type"` // image, video, audio, document: as in Media
	MIMEs    []string `json:"mimes"`
	MaxBytes int      `json:"max_bytes"`
	Caption  bool     `json:"caption"` // a text may stand beside it in the same message
}

const (
	pdf   = "application/pdf"
	plain = "text/plain"
)

// office is what WhatsApp and Messenger take as documents beside PDF and text.
var office = []string{"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation"}

var fileLimits = map[Channel][]FileLimit{
	WhatsApp: {
		{"image", []string{"image/jpeg", "image/png"}, 5 << 20, true},
		{"video", []string{"video/mp4", "video/3gpp"}, 16 << 20, true},
		{"audio", []string{"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}, 16 << 20, false},
		{"document", append([]string{pdf, plain}, office...), MaxFile, true},
	},
	Messenger: {
		{"image", []string{"image/jpeg", "image/png", "image/gif"}, MaxFile, false},
		{"video", []string{"video/mp4", "video/quicktime", "video/webm"}, MaxFile, false},
		{"audio", []string{"audio/aac", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav"}, MaxFile, false},
		{"document", append([]string{pdf, plain}, office...), MaxFile, false},
	},
	Instagram: {
		{"image", []string{"image/jpeg", "image/png"}, 8 << 20, false},
		{"video", []string{"video/mp4", "video/quicktime", "video/webm"}, MaxFile, false},
		{"audio", []string{"audio/aac", "audio/mp4", "audio/wav"}, MaxFile, false},
		{"document", []string{pdf}, MaxFile, false},
	},
}

// FileLimits lists what a channel takes in a private message; none for comment threads.
func FileLimits(c Channel) []FileLimit { return fileLimits[c] }

// CheckFile says what a file is – by its bytes, not by its name – and whether the channel takes it. The
// error is a sentence for whoever chose the file.
func CheckFile(c Channel, name string, body []byte) (FileLimit, string, error) {
	mime := sniff(name, body)
	for _, l := range fileLimits[c] {
		if !slices.Contains(l.MIMEs, mime) {
			continue
		}
		if len(body) > l.MaxBytes {
			return FileLimit{}, "", fmt.Errorf("the file has %.1f MB; this network takes at most %d MB of this type", float64(len(body))/(1<<20), l.MaxBytes>>20)
		}
		return l, mime, nil
	}
	if mime == "" {
		return FileLimit{}, "", fmt.Errorf("what this file is cannot be told from its content")
	}
	return FileLimit{}, "", fmt.Errorf("this network takes no files of the type %s", mime)
}

// officeTypes are told apart by the name alone: all of them are ZIP archives, or OLE containers.
var officeTypes = map[string]string{".doc": office[0], ".xls": office[1], ".ppt": office[2], ".docx": office[3], ".xlsx": office[4], ".pptx": office[5]}

// sniff tells a file's type from its first bytes; empty: not known.
func sniff(name string, body []byte) string {
	ext := strings.ToLower(path.Ext(name))
	at := func(from int, want string) bool {
		return len(body) >= from+len(want) && string(body[from:from+len(want)]) == want
	}
	switch {
	case at(4, "ftyp"):
		return iso(body)
	case at(0, "ID3"), len(body) > 1 && body[0] == 0xff && body[1]&0xe6 == 0xe2:
		return "audio/mpeg"
	case len(body) > 1 && body[0] == 0xff && body[1]&0xf6 == 0xf0:
		return "audio/aac"
	case at(0, "#!AMR"):
		return "audio/amr"
	case at(0, "OggS"):
		return "audio/ogg"
	case at(0, "PK\x03\x04") && len(ext) == 5, at(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") && len(ext) == 4:
		return officeTypes[ext]
	}
	mime, _, _ := strings.Cut(http.DetectContentType(body), ";")
	switch mime {
	case "audio/wave":
		return "audio/wav"
	case plain:
		if bytes.Contains(bytes.ToLower(body[:min(len(body), 1024)]), []byte("<script")) {
			return "text/html"
		}
	case "application/octet-stream":
		return ""
	}
	return mime
}

// iso tells the members of the MP4 family apart by their brand.
func iso(body []byte) string {
	if len(body) < 12 {
		return ""
	}
	switch brand := string(body[8:12]); {
	case strings.HasPrefix(brand, "M4A"), strings.HasPrefix(brand, "M4B"):
		return "audio/mp4"
	case strings.HasPrefix(brand, "3g"):
		return "video/3gpp"
	case strings.HasPrefix(brand, "qt"):
		return "video/quicktime"
	case strings.HasPrefix(brand, "heic"), strings.HasPrefix(brand, "heix"), strings.HasPrefix(brand, "mif1"):
		return "image/heic"
	case strings.HasPrefix(brand, "avif"):
		return "image/avif"
	}
	return "video/mp4"
}
