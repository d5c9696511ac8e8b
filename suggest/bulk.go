package suggest

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/said"
)

// mostRows is how many quick replies or articles one file may hold.
const mostRows = 2000

// Imported says what a file brought. Where a row is at fault, nothing of the file is kept.
type Imported struct {
	Added   int
	Changed int
	Faults  []RowFault
}

// RowFault is what is wrong with one row, by the line it begins on.
type RowFault struct {
	Line  int
	Text  string
	Parts []said.Statement
}

// ImportQuickReplies keeps quick replies from a table with the columns shortcut, language and text, and
// where wanted title and intents (parted by spaces or commas). One of the same shortcut and language is
// changed.
func ImportQuickReplies(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, file string) (Imported, error) {
	rows, err := table(file, []string{"shortcut", "language", "text"}, []string{"title", "intents"})
	if err != nil {
		return Imported{}, err
	}
	known, err := QuickReplies(ctx, tx, workspaceID)
	if err != nil {
		return Imported{}, err
	}
	ids := map[string]int64{}
	for _, r := range known {
		ids[r.Shortcut+" "+r.Language] = r.ID
	}
	return keep(rows, func(r row) (bool, error) {
		q := QuickReply{WorkspaceID: workspaceID, Shortcut: strings.TrimPrefix(r.cell["shortcut"], "/"), Language: r.cell["language"], Title: r.cell["title"], Text: r.cell["text"],
			Intents: strings.FieldsFunc(r.cell["intents"], func(c rune) bool { return c == ' ' || c == ',' || c == ';' })}
		q.ID = ids[q.Shortcut+" "+q.Language]
		fresh := q.ID == 0
		saved, err := SaveQuickReply(ctx, tx, q)
		ids[q.Shortcut+" "+q.Language] = saved.ID
		return fresh, err
	})
}

// ImportArticles keeps articles from a table with the columns title, language and text, and where wanted
// source. One of the same title and language is changed.
func ImportArticles(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, file string) (Imported, error) {
	rows, err := table(file, []string{"title", "language", "text"}, []string{"source"})
	if err != nil {
		return Imported{}, err
	}
	return keepArticles(ctx, tx, workspaceID, rows)
}

// ImportText keeps a handbook: each heading (# …) begins an article, as does the first line where there
// is no heading.
func ImportText(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, text, language, source string) (Imported, error) {
	var rows []row
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		title, heading := strings.CutPrefix(line, "#")
		if title = strings.TrimSpace(strings.TrimLeft(title, "#")); heading || len(rows) == 0 && title != "" {
			rows = append(rows, row{line: i + 1, cell: map[string]string{"title": title, "language": language, "source": source}})
			continue
		}
		if len(rows) > 0 {
			rows[len(rows)-1].cell["text"] += line + "\n"
		}
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { // a heading over headings says nothing itself
		r.cell["text"] = strings.TrimSpace(r.cell["text"])
		return r.cell["text"] == "" && len(rows) > 1
	})
	if len(rows) > mostRows {
		return Imported{}, fault.Field("text", "the text has more than %d headings; part it", mostRows)
	}
	return keepArticles(ctx, tx, workspaceID, rows)
}

func keepArticles(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, rows []row) (Imported, error) {
	known, err := Articles(ctx, tx, workspaceID)
	if err != nil {
		return Imported{}, err
	}
	ids := map[string]int64{}
	for _, a := range known {
		ids[a.Language+" "+a.Title] = a.ID
	}
	return keep(rows, func(r row) (bool, error) {
		a := Article{WorkspaceID: workspaceID, Title: r.cell["title"], Text: r.cell["text"], Language: r.cell["language"], Source: r.cell["source"]}
		a.ID = ids[a.Language+" "+a.Title]
		fresh := a.ID == 0
		saved, err := SaveArticle(ctx, tx, a)
		ids[a.Language+" "+a.Title] = saved.ID
		return fresh, err
	})
}

// keep saves row by row and gathers what is wrong with them.
func keep(rows []row, save func(row) (fresh bool, err error)) (Imported, error) {
	var out Imported
	for _, r := range rows {
		fresh, err := save(r)
		var f *fault.Error
		switch {
		case errors.As(err, &f) && f.Kind == fault.Invalid:
			out.Faults = append(out.Faults, RowFault{r.line, f.Public, said.Of(f.Format, f.Args...)})
		case err != nil:
			return out, fmt.Errorf("import line %d: %w", r.line, err)
		case fresh:
			out.Added++
		default:
			out.Changed++
		}
	}
	return out, nil
}

type row struct {
	line int
	cell map[string]string
}

// table reads CSV with a header, as spreadsheets write it: with or without a byte order mark, parted by
// commas, semicolons or tabs.
func table(file string, needed, optional []string) ([]row, error) {
	file = strings.TrimPrefix(file, "\ufeff")
	if !utf8.ValidString(file) || strings.ContainsRune(file, 0) {
		return nil, fault.Field("text", "the file is not UTF-8 text; save it as CSV UTF-8")
	}
	r := csv.NewReader(bytes.NewReader([]byte(file)))
	r.Comma, r.FieldsPerRecord = delimiter(file), -1
	header, err := r.Read()
	if err != nil {
		return nil, fault.Field("text", "the file is empty, or its first line cannot be read: it must name the columns %s", strings.Join(needed, ", "))
	}
	for i, h := range header {
		header[i] = strings.ToLower(strings.TrimSpace(h))
		if !slices.Contains(needed, header[i]) && !slices.Contains(optional, header[i]) {
			return nil, fault.Field("text", "column %q is not known; the columns are %s and, where wanted, %s", h, strings.Join(needed, ", "), strings.Join(optional, ", "))
		}
	}
	for _, n := range needed {
		if !slices.Contains(header, n) {
			return nil, fault.Field("text", "the column %s is missing; the first line must name the columns %s", n, strings.Join(needed, ", "))
		}
	}
	var out []row
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fault.Field("text", "the file cannot be read: %v", err)
		}
		if len(out) == mostRows {
			return nil, fault.Field("text", "the file has more than %d rows; part it", mostRows)
		}
		line, _ := r.FieldPos(0)
		cells := map[string]string{}
		for i, h := range header {
			if i < len(record) {
				cells[h] = strings.TrimSpace(record[i])
			}
		}
		out = append(out, row{line, cells})
	}
}

func delimiter(file string) rune {
	first, _, _ := strings.Cut(file, "\n")
	best, most := ',', 0
	for _, d := range ",;\t" {
		if n := strings.Count(first, string(d)); n > most {
			best, most = d, n
		}
	}
	return best
}
