package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"ponte/inbox"
)

// secretKeyRow holds a hash of the secret key: enough to tell another key, not to find this one.
const secretKeyRow = "secret_key"

func (s *store) keyHash() string {
	sum := sha256.Sum256(s.Keys.Derive("key check"))
	return hex.EncodeToString(sum[:])
}

var errOtherKey = errors.New("PONTE_SECRET_KEY is not the key this database was made with: stored tokens could not be opened, withdrawals would not be found, " +
	"and the consent ledger would break. Set the key from before; where it is lost for good, 'ponte migrate --accept-secret-key' goes on without what it sealed")

// otherKey says where a private database lies, which may be elsewhere than the data directory: whoever removes that one
// to begin anew removes the key alone.
func (s *store) otherKey() error {
	if s.cluster == nil {
		return errOtherKey
	}
	return fmt.Errorf("%w. The database lies in %s; to begin anew, remove it with the data directory", errOtherKey, s.cluster.Dir())
}

// checkKey refuses a key that differs from the one this database was made with, and remembers the first one.
func (s *store) checkKey(ctx context.Context) error {
	known, same, err := s.compareKey(ctx)
	switch {
	case err != nil:
		return err
	case !same:
		return s.otherKey()
	case known:
		return nil
	}
	if _, err := s.DB.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, secretKeyRow, s.keyHash()); err != nil {
		return fmt.Errorf("remember the secret key's hash: %w", err)
	}
	_, same, err = s.compareKey(ctx) // another process may have been first
	if err == nil && !same {
		return s.otherKey()
	}
	return err
}

// compareKey says whether the database knows its key, and whether it is this one. A database from before keys were
// remembered tells by what was sealed with it.
func (s *store) compareKey(ctx context.Context) (known, same bool, err error) {
	var hash []string
	if err := s.DB.SelectContext(ctx, &hash, `SELECT value FROM installation WHERE key = $1`, secretKeyRow); err != nil {
		return false, false, fmt.Errorf("read the secret key's hash: %w", err)
	}
	if len(hash) > 0 {
		return true, hash[0] == s.keyHash(), nil
	}
	accounts, err := inbox.Accounts(ctx, s.DB, 0)
	if err != nil {
		return false, false, err
	}
	opened, shut := 0, 0
	for _, a := range accounts {
		if len(a.TokenSealed) == 0 {
			continue
		}
		if _, err := a.Callable(s.Keys, ""); err == nil {
			opened++
		} else {
			shut++
		}
	}
	return false, opened > 0 || shut == 0, nil
}

// acceptKey makes the present key the database's own.
func (s *store) acceptKey(ctx context.Context) error {
	_, err := s.DB.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, secretKeyRow, s.keyHash())
	if err != nil {
		return fmt.Errorf("remember the secret key's hash: %w", err)
	}
	return nil
}
