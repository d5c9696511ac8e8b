package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"ponte/fault"
	"ponte/secret"
)

// errCode asks for the second factor, or says that the one given is wrong. Its field lets a page show
// the input; it is only given to who has the password.
var errCode = &fault.Error{Kind: fault.Unauthorized, Field: "code", Public: "give the six digits that your authenticator app shows now, or a recovery code"}

// totpStep is the time step of RFC 6238, and how many steps a clock may be off.
const (
	totpStep = 30
	totpSkew = 1
)

// SecondFactor is how a user's second factor stands.
type SecondFactor struct {
	On        bool       `db:"on"`
	Since     *time.Time `db:"totp_since"`
	CodesLeft int        `db:"codes_left"`
}

// SecondFactorOf says how a user's second factor stands.
func SecondFactorOf(ctx context.Context, q sqlx.QueryerContext, userID int64) (SecondFactor, error) {
	var out SecondFactor
	err := sqlx.GetContext(ctx, q, &out, `SELECT totp_since IS NOT NULL AS on, totp_since,
       (SELECT count(*) FROM recovery_codes c WHERE c.user_id = u.id AND c.used_at IS NULL) AS codes_left FROM users u WHERE id = $1`, userID)
	if err != nil {
		return out, fmt.Errorf("read the second factor: %w", err)
	}
	return out, nil
}

// Enrolment is what an authenticator app needs; it is shown once, and counts after Confirm.
type Enrolment struct {
	Secret  string // base 32
	Address string // otpauth://
	Picture string // the address as a QR code, a data: URI of a PNG
}

// Enrol draws a new secret for a user who has no second factor.
func Enrol(ctx context.Context, db sqlx.ExtContext, keys *secret.Keyring, who Who) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "ponte", AccountName: who.Email, Period: totpStep, SecretSize: 20, Rand: rand.Reader})
	if err != nil {
		return Enrolment{}, fmt.Errorf("draw a second factor: %w", err)
	}
	sealed, err := keys.Seal(key.Secret(), totpContext(who.UserID))
	if err != nil {
		return Enrolment{}, fmt.Errorf("seal the second factor: %w", err)
	}
	res, err := db.ExecContext(ctx, `UPDATE users SET totp_sealed = $2, totp_step = 0 WHERE id = $1 AND totp_since IS NULL`, who.UserID, sealed)
	if err != nil {
		return Enrolment{}, fmt.Errorf("keep the second factor: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return Enrolment{}, fault.New(fault.Conflict, "you have a second factor already; switch it off first")
	}
	picture, err := picture(key)
	return Enrolment{Secret: key.Secret(), Address: key.URL(), Picture: picture}, err
}

func picture(key *otp.Key) (string, error) {
	img, err := key.Image(220, 220)
	if err != nil {
		return "", fmt.Errorf("draw the QR code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return "", fmt.Errorf("draw the QR code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

func totpContext(userID int64) string { return "totp:" + userObject(userID) }

// Confirm switches the second factor on with a first code, and returns recovery codes, which are shown
// once.
func Confirm(ctx context.Context, tx sqlx.ExtContext, keys *secret.Keyring, who Who, code string, now time.Time) ([]string, error) {
	u, err := lockFactor(ctx, tx, who.UserID)
	if err != nil {
		return nil, err
	}
	switch {
	case u.Sealed == nil:
		return nil, fault.New(fault.Conflict, "begin with a new secret first")
	case u.Since != nil:
		return nil, fault.New(fault.Conflict, "the second factor is on already")
	}
	ok, err := u.takeCode(ctx, tx, keys, code, now)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.Field("code", "this is not what the app shows for the new secret; check the phone's clock")
	}
	if _, err := tx.ExecContext(ctx, `UPDATE users SET totp_since = $2 WHERE id = $1`, who.UserID, now); err != nil {
		return nil, fmt.Errorf("switch the second factor on: %w", err)
	}
	codes, err := newRecoveryCodes(ctx, tx, who.UserID)
	if err != nil {
		return nil, err
	}
	return codes, auditEverywhere(ctx, tx, who.UserID, who.Actor(), "user.second_factor_on")
}

const recoveryCodes = 10

func newRecoveryCodes(ctx context.Context, tx sqlx.ExtContext, userID int64) ([]string, error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, userID); err != nil {
		return nil, fmt.Errorf("forget old recovery codes: %w", err)
	}
	out := make([]string, recoveryCodes)
	for i := range out {
		var raw [10]byte
		_, _ = rand.Read(raw[:])
		s := strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
		out[i] = s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
		if _, err := tx.ExecContext(ctx, `INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)`, userID, hashToken(s)); err != nil {
			return nil, fmt.Errorf("keep recovery codes: %w", err)
		}
	}
	return out, nil
}

// SwitchOff takes a user's own second factor away; it takes their password.
func SwitchOff(ctx context.Context, tx sqlx.ExtContext, who Who, p Proof) error {
	if err := p.of(who); err != nil {
		return err
	}
	return dropFactor(ctx, tx, who.UserID, who.Actor())
}

// SwitchOffFor takes a member's second factor away, for somebody who lost their phone. It is for who may
// set that member's password.
func SwitchOffFor(ctx context.Context, tx sqlx.ExtContext, who Who, userID int64) error {
	if err := governs(ctx, tx, who, userID); err != nil {
		return err
	}
	return dropFactor(ctx, tx, userID, who.Actor())
}

func dropFactor(ctx context.Context, tx sqlx.ExtContext, userID int64, actor string) error {
	for _, stmt := range []string{`UPDATE users SET totp_sealed = NULL, totp_since = NULL, totp_step = 0 WHERE id = $1`, `DELETE FROM recovery_codes WHERE user_id = $1`} {
		if _, err := tx.ExecContext(ctx, stmt, userID); err != nil {
			return fmt.Errorf("switch the second factor off: %w", err)
		}
	}
	return auditEverywhere(ctx, tx, userID, actor, "user.second_factor_off")
}

// factor is a user's second factor, locked.
type factor struct {
	UserID int64      `db:"id"`
	Sealed []byte     `db:"totp_sealed"`
	Since  *time.Time `db:"totp_since"`
	Step   int64      `db:"totp_step"`
}

func lockFactor(ctx context.Context, tx sqlx.ExtContext, userID int64) (factor, error) {
	var f factor
	if err := sqlx.GetContext(ctx, tx, &f, `SELECT id, totp_sealed, totp_since, totp_step FROM users WHERE id = $1 FOR UPDATE`, userID); err != nil {
		return f, fmt.Errorf("read the second factor: %w", err)
	}
	return f, nil
}

// takeCode accepts each time step once, so that a code looked over a shoulder is worth nothing.
func (f factor) takeCode(ctx context.Context, tx sqlx.ExtContext, keys *secret.Keyring, code string, now time.Time) (bool, error) {
	plain, err := keys.Open(f.Sealed, totpContext(f.UserID))
	if err != nil {
		return false, fmt.Errorf("open the second factor of user %d: %w", f.UserID, err)
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	for skew := -totpSkew; skew <= totpSkew; skew++ {
		at := now.Add(time.Duration(skew) * totpStep * time.Second)
		step := at.Unix() / totpStep
		if step <= f.Step {
			continue
		}
		ok, err := totp.ValidateCustom(code, plain, at, totp.ValidateOpts{Period: totpStep, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil || !ok {
			continue // a code of another length is an error to the library, and simply wrong to us
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET totp_step = $2 WHERE id = $1`, f.UserID, step); err != nil {
			return false, fmt.Errorf("note the second factor's use: %w", err)
		}
		return true, nil
	}
	return false, nil
}

// takeRecovery accepts each recovery code once.
func (f factor) takeRecovery(ctx context.Context, tx sqlx.ExtContext, code string) (bool, error) {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	res, err := tx.ExecContext(ctx, `UPDATE recovery_codes SET used_at = now() WHERE user_id = $1 AND hash = $2 AND used_at IS NULL`, f.UserID, hashToken(code))
	if err != nil {
		return false, fmt.Errorf("use a recovery code: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// second checks the second factor of a user whose password was right; nil where they have none.
func second(ctx context.Context, db *sqlx.DB, keys *secret.Keyring, userID int64, code string, now time.Time) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	f, err := lockFactor(ctx, tx, userID)
	if err != nil || f.Since == nil {
		return err
	}
	if code == "" {
		return errCode
	}
	ok, err := f.takeCode(ctx, tx, keys, code, now)
	if err == nil && !ok {
		ok, err = f.takeRecovery(ctx, tx, code)
	}
	if err != nil {
		return err
	}
	if !ok {
		return errCode
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("use the second factor: %w", err)
	}
	return nil
}
