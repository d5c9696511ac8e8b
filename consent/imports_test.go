package consent

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func digitsOf(v string) (string, bool) {
	d := strings.TrimPrefix(PhoneAddress(v), "phone:")
	return d, len(d) > 8
}

const importHead = "phone,consent_at,source,wording_version,evidence_id,name,kind,act\n"

func TestRowsWithoutProofAreRefused(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ row, want string }{
		"whole":                         {"+61491570156,2026-01-02T10:00:00+11:00,crm,web v3,row-1,Ana,express,", ""},
		"inferred":                      {"+61491570156,2026-01-02T10:00:00+11:00,crm,web v3,row-1,Ana,inferred,", ""},
		"a withdrawal":                  {"+61491570156,2026-01-02T10:00:00+11:00,,,,,,withdraw", ""},
		"out of our own error file":     {"'+61491570156,2026-01-02T10:00:00+11:00,crm,web v3,row-1,'=1+1,,", ""},
		"no time":                       {"+61491570156,,crm,v,row,,,", "consent_at is missing"},
		"a time without its zone":       {"+61491570156,2026-01-02 10:00,crm,v,row,,,", "not a time"},
		"in the future":                 {"+61491570156,2027-01-02T10:00:00Z,crm,v,row,,,", "future"},
		"from before there was any":     {"+61491570156,1999-01-02T10:00:00Z,crm,v,row,,,", "before"},
		"no source":                     {"+61491570156,2026-01-02T10:00:00Z,,v,row,,,", "source is missing"},
		"no wording":                    {"+61491570156,2026-01-02T10:00:00Z,crm,,row,,,", "wording_version is missing"},
		"no evidence":                   {"+61491570156,2026-01-02T10:00:00Z,crm,v,,,,", "evidence_id is missing"},
		"an address as evidence":        {"+61491570156,2026-01-02T10:00:00Z,crm,v,ana@example.com,,,", "personal data"},
		"a number as source":            {"+61491570156,2026-01-02T10:00:00Z,0491 570 156,v,row,,,", "personal data"},
		"no number":                     {"12,2026-01-02T10:00:00Z,crm,v,row,,,", "phone"},
		"another kind":                  {"+61491570156,2026-01-02T10:00:00Z,crm,v,row,,maybe,", "kind"},
		"another act":                   {"+61491570156,2026-01-02T10:00:00Z,crm,v,row,,,yes", "act"},
		"an act that is not a person's": {"+61491570156,2026-01-02T10:00:00Z,crm,v,row,,,confirm", "act"},
	} {
		rows, err := ParseImport([]byte(importHead+c.row+"\n"), now, digitsOf)
		if err != nil || len(rows) != 1 || rows[0].Line != 2 {
			t.Fatalf("%s: %+v %v", name, rows, err)
		}
		if got := rows[0].Reason; (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want …%q…", name, got, c.want)
		}
	}
}

// A comma in a name without quotation marks moves what follows into other columns: a withdrawal must not be read as a yes.
func TestARowWithMoreValuesThanColumnsIsRefused(t *testing.T) {
	const head = "phone,consent_at,source,wording_version,evidence_id,act,name\n"
	for row, want := range map[string]string{
		"+61491570156,2026-01-02T10:00:00Z,crm,v,row,,Doe, John":                    "the row has 8 values and the header 7 columns",
		"+61491570156,2026-01-02T10:00:00Z,crm,v1,1.2,row,,withdraw,Ana":            "the row has 9 values and the header 7 columns",
		"+61491570156,2026-01-02T10:00:00Z,crm,v,row,,\"Doe, John\"":                "",
		"+61491570156,2026-01-02T10:00:00Z,crm,v,row,,Ana,,, ,":                     "",
		"+61491570156,2026-01-02T10:00:00Z,crm,v,row,withdraw,\"Doe,\n\"\"Jo\"\"\"": "",
	} {
		rows, err := ParseImport([]byte(head+row+"\n"), t0.AddDate(1, 0, 0), digitsOf)
		if err != nil || len(rows) != 1 || (rows[0].Reason == "") != (want == "") || !strings.Contains(rows[0].Reason, want) {
			t.Errorf("%s: %+v %v, want …%q…", row, rows, err, want)
		}
	}
}

// What stands in the ledger cannot be erased, so that a withdrawal brings no words along either.
func TestAWithdrawalBringsNothingPersonalIntoTheLedger(t *testing.T) {
	rows, err := ParseImport([]byte(importHead+"+61491570156,2026-01-02T10:00:00Z,ana@example.com said so,v,0491 570 156 / 1,,,withdraw\n"), t0.AddDate(1, 0, 0), digitsOf)
	if err != nil || len(rows) != 1 || rows[0].Reason != "" {
		t.Fatalf("%+v %v", rows, err)
	}
	if v := rows[0].Values; v["source"] != "" || v["wording_version"] != "v" {
		t.Errorf("%v", v)
	}
}

// Files as spreadsheets and other systems write them are read; line numbers stay those of the file.
func TestFilesAsOtherSystemsWriteThem(t *testing.T) {
	const one, two = "+61491570156,2026-01-02T10:00:00Z,crm,v,row,", "+61491570157,2026-01-02T10:00:00Z,crm,v,row,"
	for name, c := range map[string]struct {
		file string
		want []int // lines
	}{
		"a separator in the first line":     {"sep=;\r\n" + strings.ReplaceAll(importHead+one+"Ana,,\n", ",", ";"), []int{3}},
		"lines that end in returns alone":   {strings.ReplaceAll(importHead+one+"Ana,,\n"+two+",,\n", "\n", "\r"), []int{2, 3}},
		"lines that end in this and that":   {strings.ReplaceAll(importHead, "\n", "\r\n") + one + "Ana\r" + two + "Bo\r\n", []int{2, 3}},
		"a return inside quotation marks":   {importHead + one + "\"Ana\rMaria\",,\n" + two + ",,\n", []int{2, 3}},
		"rows that a spreadsheet left over": {importHead + one + "Ana,,\n,,,,,,,\n;\n\n" + two + ",,\n,,,,,,,\n", []int{2, 4, 6}},
	} {
		rows, err := ParseImport([]byte(c.file), t0.AddDate(1, 0, 0), digitsOf)
		var got []int
		for _, r := range rows {
			got = append(got, r.Line)
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) || rows[0].Reason != "" {
			t.Errorf("%s: lines %v, want %v; %+v %v", name, got, c.want, rows, err)
		}
	}
}

// An instant is read in the spellings of other systems, and never without its zone; a word in whatever case.
func TestTimesAndWordsOfOtherSystems(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for at, good := range map[string]bool{"2026-03-01T10:00:00Z": true, "2026-03-01 10:00:00Z": true, "2026-03-01 10:00:00+00:00": true, "2026-03-01T10:00Z": true, "2026-03-01T10:00:00+0000": true, "2026-03-01T10:00:00.000Z": true,
		"2026-03-01 10:00:00 +0000": true, "2026-03-01 10:00:00 UTC": true, "2026-03-01 10:00:00 EST": false, "2026-03-01 10:00:00": false, "01/03/2026": false, "2026-03-01": false} {
		rows, err := ParseImport([]byte(importHead+"+61491570156,"+at+",crm,v,row,,Express,GRANT\n"), now, digitsOf)
		if err != nil || (rows[0].Reason == "") != good {
			t.Errorf("%s: %+v %v", at, rows, err)
		} else if v := rows[0].Values; good && (v["consent_at"] != "2026-03-01T10:00:00Z" || v["act"] != "grant" || v["kind"] != "express") {
			t.Errorf("%s is kept as %v", at, v)
		}
	}
	rows, err := ParseImport([]byte(importHead+"+61491570156,,,,,,,Withdraw\n"), now, digitsOf)
	if err != nil || rows[0].Reason != "" || rows[0].Values["consent_at"] != "2026-11-01T00:00:00Z" {
		t.Errorf("a no without its time: %+v %v", rows, err)
	}
}

// A no counts also where something about it cannot be read, and a row that may be one keeps the number's yes from counting.
func TestANoThatCannotBeReadIsStillANo(t *testing.T) {
	const yes = "+61491570156,2026-03-02T10:00:00Z,crm,v,row,,,grant\n"
	for name, c := range map[string]struct {
		no      string
		entered bool
	}{
		"without its zone":          {"+61491570156,01/04/2026,crm,v,row,,,withdraw\n", true},
		"in the future":             {"+61491570156,2036-03-02T10:00:00Z,crm,v,row,,,withdraw\n", true},
		"from before there was any": {"+61491570156,1999-03-02T10:00:00Z,crm,v,row,,,withdraw\n", true},
		"with a long note":          {"+61491570156,2026-04-02T10:00:00Z," + strings.Repeat("x", 501) + ",v,row,,,withdraw\n", true},
		"in a word of its own":      {"+61491570156,2026-04-02T10:00:00Z,crm,v,row,,,unsubscribed\n", false},
		"in another column":         {"+61491570156,2026-04-02T10:00:00Z,crm,v,row,Doe, John,,withdraw\n", false},
	} {
		for _, file := range []string{yes + c.no, c.no + yes} {
			rows, err := ParseImport([]byte(importHead+file), t0.AddDate(1, 0, 0), digitsOf)
			if err != nil || len(rows) != 2 {
				t.Fatalf("%s: %+v %v", name, rows, err)
			}
			for _, r := range rows {
				if counts := r.Reason == ""; counts && r.Values["act"] != "withdraw" || r.Values["act"] == "withdraw" && counts != c.entered {
					t.Errorf("%s: line %d %s: %q", name, r.Line, r.Values["act"], r.Reason)
				}
			}
		}
	}
	// what would have been a yes says nothing against another
	rows, err := ParseImport([]byte(importHead+yes+"+61491570156,,crm,v,row,,,grant\n"), t0.AddDate(1, 0, 0), digitsOf)
	if err != nil || rows[0].Reason != "" {
		t.Errorf("%+v %v", rows, err)
	}
}

// A file that holds a yes and a no of the same number is a no, in whatever order it tells them.
func TestAYesAndANoInOneFileIsANo(t *testing.T) {
	yes, no := "+61491570156,2026-03-02T10:00:00Z,crm,v,row,,,grant\n", "+61491570156,2026-01-02T10:00:00Z,,,,,,withdraw\n"
	for file, want := range map[string]int{yes + no: 0, no + yes: 1, yes + no + yes: 0} {
		rows, err := ParseImport([]byte(importHead+file), t0.AddDate(1, 0, 0), digitsOf)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			if (r.Reason == "") != (r.Values["act"] == "withdraw") {
				t.Errorf("%q: row %d is %+v", file, i, r)
			}
		}
		if !strings.Contains(rows[want].Reason, "line") {
			t.Errorf("%q: the yes says %q", file, rows[want].Reason)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	for name, file := range map[string]string{
		"empty": "", "no rows": importHead, "not text": "phone\xff\xfe\n", "a column is missing": "phone,consent_at\n1,2\n", "a column twice": "phone,phone,consent_at,source,wording_version,evidence_id\n1,2,3,4,5,6\n",
		"a quote that never ends": importHead + "\"+61491570156,2026\n", "zeros": "phone\x00\n",
	} {
		if rows, err := ParseImport([]byte(file), t0, digitsOf); err == nil {
			t.Errorf("%s: %+v", name, rows)
		}
	}
	rows, err := ParseImport([]byte("\xef\xbb\xbf"+strings.ReplaceAll(importHead, ",", ";")+"+61491570156;2026-01-02T10:00:00Z;crm;v;row;;;\n+61 491 570 156;2026-01-02T10:00:00Z;crm;v;row;;;\n"), t0.AddDate(1, 0, 0), digitsOf)
	if err != nil || len(rows) != 2 || rows[0].Reason != "" || !strings.Contains(rows[1].Reason, "line 2") {
		t.Errorf("semicolons and a mark before them: %+v %v", rows, err)
	}
	rows, err = ParseImport([]byte(strings.ReplaceAll(importHead, ",", "\t")+"+61491570156\t2026-01-02T10:00:00Z\tcrm\tv\trow\t\t\t\n"), t0.AddDate(1, 0, 0), digitsOf)
	if err != nil || len(rows) != 1 || rows[0].Reason != "" {
		t.Errorf("tabs: %+v %v", rows, err)
	}
}

func TestCellsDoNotRunInASpreadsheet(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "+61": "'+61", "-2": "'-2", "@SUM": "'@SUM", "\tx": "'\tx", "Ana": "Ana", "": ""} {
		if got := Cell(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// keep uploads a file of rows and returns the import's number.
func (b *bench) keep(rows ...string) int64 {
	b.t.Helper()
	list, err := ParseImport([]byte(importHead+strings.Join(rows, "\n")+"\n"), b.now, digitsOf)
	if err != nil {
		b.t.Fatal(err)
	}
	tx := b.db.MustBegin()
	defer tx.Rollback()
	id, err := KeepImport(b.t.Context(), tx, b.ws, "list.csv", fmt.Append(nil, rows), list, "user:1")
	if err != nil {
		b.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bench) work() {
	b.t.Helper()
	for {
		more, err := b.l.StepImport(b.t.Context(), b.db)
		if err != nil {
			b.t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// byPhone is where a number stands.
func (b *bench) byPhone(phone string) Status {
	b.t.Helper()
	var i struct {
		ID      int64 `db:"id"`
		Contact int64 `db:"contact_id"`
	}
	if err := b.db.Get(&i, `SELECT id, contact_id FROM identities WHERE phone = $1 AND replaced_at IS NULL`, phone); err != nil {
		return "nobody"
	}
	return b.state(i.Contact, i.ID, "whatsapp", b.now.Add(time.Minute)).Status
}

func TestAnImportCountsOnlyWithTheOwnersWordAndNeverAgainstANo(t *testing.T) {
	b := setup(t)
	gone, stopped, other := b.contact(), b.contact(), b.contact()
	b.identity(gone, "whatsapp", "", "61491570101")
	ig := b.identity(stopped, "instagram", "ig1", "")
	b.identity(stopped, "whatsapp", "", "61491570102")
	b.identity(other, "whatsapp", "", "61491570103")
	_ = ig
	b.append(b.entry(Grant, t0, gone, "whatsapp", "phone:61491570101"), b.entry(Withdraw, t0, stopped, "all", "instagram:0:ig1"), b.entry(Refuse, t0, other, "whatsapp", "phone:61491570103"))
	tx := b.db.MustBegin()
	if err := b.l.Erase(t.Context(), tx, b.ws, gone); err != nil {
		t.Fatal(err)
	}
	tx.MustExec(`UPDATE identities SET phone = NULL, external_id = 'erased:' || id WHERE contact_id = $1`, gone)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	row := func(phone, kind, act string) string {
		return phone + ",2026-11-02T21:00:00+11:00,crm,web v3,row-1,Ana," + kind + "," + act
	}
	id := b.keep(row("+61491570100", "", ""), row("+61491570101", "", ""), row("+61491570102", "", ""), row("+61491570103", "", ""), row("+61491570104", "inferred", ""), row("+61491570105", "", "withdraw"), "+61491570106,,crm,v,r,,,")
	b.work()
	if got := b.byPhone("61491570100"); got != "nobody" {
		t.Fatalf("before the owner's word: %q", got)
	}
	if err := ConfirmImport(t.Context(), b.db, b.ws, id, "from the shop's own system", "user:1"); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Hour)
	b.work()
	for phone, want := range map[string]Status{"61491570100": Granted, "61491570101": "nobody", "61491570102": Withdrawn, "61491570103": Refused, "61491570104": Unknown, "61491570105": Withdrawn, "61491570106": "nobody"} {
		if got := b.byPhone(phone); got != want {
			t.Errorf("%s stands at %q, want %q", phone, got, want)
		}
	}
	list, err := Imports(t.Context(), b.db, b.ws, id, 0, 1)
	if err != nil || len(list) != 1 || list[0].State != "done" || list[0].Imported != 3 || list[0].Suppressed != 3 || list[0].Refused != 1 || list[0].Waiting != 0 {
		t.Errorf("%+v %v", list, err)
	}
	b.exec(`UPDATE workspaces SET settings = '{"consent":{"inferred":true}}' WHERE id = $1`, b.ws)
	if got := b.byPhone("61491570104"); got != Granted {
		t.Errorf("inferred, with the owner's switch on: %q", got)
	}
	b.now = b.now.AddDate(2, 1, 0)
	if got := b.byPhone("61491570104"); got != Expired {
		t.Errorf("inferred, two years later: %q", got)
	}
	if rep, err := b.l.Verify(t.Context(), b.db, b.ws, nil); err != nil || !rep.OK() {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestAnInterruptedImportGoesOnWhereItWas(t *testing.T) {
	b := setup(t)
	var rows []string
	for i := range 3*importChunk + 7 {
		rows = append(rows, fmt.Sprintf("+6149158%04d,2026-10-02T21:00:00+11:00,crm,web v3,row-%d,,,", i, i))
	}
	id := b.keep(rows...)
	if err := ConfirmImport(t.Context(), b.db, b.ws, id, "from the shop's own system", "user:1"); err != nil {
		t.Fatal(err)
	}
	if more, err := b.l.StepImport(t.Context(), b.db); err != nil || !more {
		t.Fatal(more, err)
	}
	if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'confirm'`); n != importChunk {
		t.Errorf("%d after one step", n)
	}
	b.l = New([]byte("0123456789abcdef0123456789abcdef")).WithClock(func() time.Time { return b.now }) // another process
	b.work()
	if got := b.id(`SELECT count(DISTINCT subject) * 1000 + count(*) FROM consent_entries WHERE act = 'confirm'`); got != int64(len(rows))*1001 {
		t.Errorf("%d: every number once", got)
	}
}

func TestKeepingEndsYearsAfterTheConsentAndNeverBefore(t *testing.T) {
	b := setup(t)
	lives, ended := b.contact(), b.contact()
	b.identity(lives, "whatsapp", "", "61491570101")
	b.identity(ended, "whatsapp", "", "61491570102")
	b.append(b.entry(Grant, t0, lives, "whatsapp", "phone:61491570101"), b.entry(Grant, t0, ended, "whatsapp", "phone:61491570102"), b.entry(Withdraw, t0.Add(time.Hour), ended, "all", "phone:61491570102"))
	held := func() int64 { return b.id(`SELECT count(*) FROM consent_personal`) }
	tidy := func() {
		t.Helper()
		if err := b.l.Tidy(t.Context(), b.db); err != nil {
			t.Fatal(err)
		}
	}
	b.exec(`UPDATE workspaces SET settings = '{"consent":{"retention_years":1}}' WHERE id = $1`, b.ws)
	b.now = t0.AddDate(1, 6, 0)
	if tidy(); held() != 3 {
		t.Error("a setting below the floor was obeyed")
	}
	b.exec(`UPDATE workspaces SET settings = '{}' WHERE id = $1`, b.ws)
	b.now = t0.AddDate(6, 11, 0)
	if tidy(); held() != 3 {
		t.Error("values went before the seven years were over")
	}
	b.now = t0.AddDate(7, 1, 0)
	if tidy(); held() != 1 {
		t.Errorf("%d values stand after seven years; only those of the consent that lives may", held())
	}
	id := b.keep("+61491570102,2033-11-02T21:00:00+11:00,crm,web v3,row-1,,,")
	if err := ConfirmImport(t.Context(), b.db, b.ws, id, "from the shop's own system", "user:1"); err != nil {
		t.Fatal(err)
	}
	if b.work(); b.byPhone("61491570102") == Granted {
		t.Error("the withdrawal was forgotten with the values")
	}
	if rep, err := b.l.Verify(t.Context(), b.db, b.ws, nil); err != nil || !rep.OK() || rep.Erased != 2 {
		t.Errorf("%+v %v", rep, err)
	}
}

// People whose consent lives for ever are looked at each time and keep nobody else's values from going.
func TestWhatLivesKeepsNothingElse(t *testing.T) {
	b := setup(t)
	var entries []Entry
	for i := range contactPage + 1 {
		phone := fmt.Sprintf("6149157%04d", i)
		lives := b.contact()
		b.identity(lives, "whatsapp", "", phone)
		entries = append(entries, b.entry(Grant, t0, lives, "whatsapp", "phone:"+phone))
	}
	b.append(entries...)
	ended := b.contact()
	b.identity(ended, "whatsapp", "", "61491999999")
	b.append(b.entry(Grant, t0, ended, "whatsapp", "phone:61491999999"), b.entry(Withdraw, t0.Add(time.Hour), ended, "all", "phone:61491999999"))
	b.now = t0.AddDate(8, 0, 0)
	if err := b.l.Tidy(t.Context(), b.db); err != nil {
		t.Fatal(err)
	}
	if got := b.id(`SELECT count(*) FROM consent_personal WHERE contact_id = $1`, ended); got != 0 {
		t.Errorf("%d values of an ended consent stand after their time", got)
	}
	if got := b.id(`SELECT count(*) FROM consent_personal`); got != contactPage+1 {
		t.Errorf("%d values of those that live are left, want all %d", got, contactPage+1)
	}
}

// Who was merged into another keeps no identity: what stands is asked of the address, wherever it is now.
func TestValuesOfAMergedPersonAreKeptWhileTheConsentLives(t *testing.T) {
	b := setup(t)
	was, is := b.contact(), b.contact()
	b.identity(is, "whatsapp", "", "61491570101")
	b.append(b.entry(Grant, t0, was, "whatsapp", "phone:61491570101"))
	b.exec(`UPDATE contacts SET merged_into = $2 WHERE id = $1`, was, is)
	held := func(what string, want int64) {
		t.Helper()
		if err := b.l.Tidy(t.Context(), b.db); err != nil {
			t.Fatal(err)
		}
		if got := b.id(`SELECT count(*) FROM consent_personal WHERE contact_id = $1`, was); got != want {
			t.Errorf("%s: %d values, want %d", what, got, want)
		}
	}
	b.now = t0.AddDate(9, 0, 0)
	held("while it lives", 1)
	b.append(b.entry(Withdraw, b.now, is, "all", "phone:61491570101"))
	held("just taken back", 1)
	b.now = b.now.AddDate(7, 1, 0)
	held("seven years after", 0)
}

// A lead has a consent and no identity yet; erasing the person must not stumble over that.
func TestErasingSomebodyWithoutAnIdentity(t *testing.T) {
	b := setup(t)
	lead := b.contact()
	b.append(b.entry(Grant, t0, lead, "whatsapp", "phone:61491570101"))
	if err := b.l.Erase(t.Context(), b.db, b.ws, lead); err != nil {
		t.Fatal(err)
	}
	if got := b.id(`SELECT count(*) FROM consent_personal`); got != 0 {
		t.Errorf("%d values stand", got)
	}
	who := b.contact()
	if s := b.state(who, b.identity(who, "whatsapp", "", "61491570101"), "whatsapp", b.now); s.Status != Withdrawn {
		t.Errorf("the number stands as %s", s.Status)
	}
	proof, err := b.l.BundleOfNumber(t.Context(), b.db, b.ws, "+61 491 570 101")
	if err != nil || len(proof.Entries) != 2 || proof.Entries[0].Act != Grant || proof.Entries[0].Personal != nil || proof.Entries[0].Wording == nil || proof.Entries[1].How != howErasure || proof.Brand != "Bondi Kayaks" {
		t.Errorf("what is left to show: %+v %v", proof, err)
	}
	if rep, err := b.l.Verify(t.Context(), b.db, b.ws, nil); err != nil || !rep.OK() {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestTheBrandsOwnNumberIsNoCustomers(t *testing.T) {
	t.Parallel()
	rows, err := ParseImport([]byte(importHead+"+61 491 570 156,2026-01-02T10:00:00Z,crm,v,row,,,\n0061491570157,2026-01-02T10:00:00Z,crm,v,row,,,\n"), t0.AddDate(1, 0, 0), digitsOf)
	if err != nil {
		t.Fatal(err)
	}
	RefuseOwn(rows, map[string]bool{rows[0].Values["phone"]: true})
	if rows[0].Reason == "" || rows[1].Reason != "" {
		t.Errorf("%+v", rows)
	}
}

// An account may be added between the reading of a list and the owner's word.
func TestANumberThatBecameTheBrandsOwnIsNotImported(t *testing.T) {
	b := setup(t)
	id := b.keep("+61491570100,2026-11-02T21:00:00+11:00,crm,web v3,row-1,Ana,,", "+61491570101,2026-11-02T21:00:00+11:00,crm,web v3,row-2,Bea,,")
	b.exec(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', 'n', 'http://127.0.0.1:1', '', 'w', '+61 491 570 100')`, b.ws)
	if err := ConfirmImport(t.Context(), b.db, b.ws, id, "from the old shop", "user:1"); err != nil {
		t.Fatal(err)
	}
	b.work()
	var got string
	if err := b.db.Get(&got, `SELECT string_agg(line || ' ' || state, ', ' ORDER BY line) FROM consent_import_rows`); err != nil || got != "2 refused, 3 imported" {
		t.Errorf("the rows are %s %v", got, err)
	}
	if n := b.id(`SELECT count(*) FROM identities WHERE phone = '61491570100'`); n != 0 {
		t.Error("somebody was made known by the brand's own number")
	}
}
