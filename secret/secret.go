// Package secret keeps secrets at rest: it derives one key per purpose from the installation's
// secret key and seals values with AES-256-GCM.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// MinKeyBytes is the least length of PONTE_SECRET_KEY.
const MinKeyBytes = 32

// ErrSealed says that a value was sealed with another key, or was changed.
var ErrSealed = errors.New("a stored secret cannot be opened: PONTE_SECRET_KEY differs from the one that sealed it")

// Keyring derives keys from the installation's secret key.
type Keyring struct{ root []byte }

// NewKeyring takes the installation's secret key, at least MinKeyBytes long.
func NewKeyring(key string) (*Keyring, error) {
	if len(key) < MinKeyBytes {
		return nil, fmt.Errorf("PONTE_SECRET_KEY has %d bytes; it needs at least %d (openssl rand -hex 32 makes one)", len(key), MinKeyBytes)
	}
	return &Keyring{root: []byte(key)}, nil
}

// Derive returns the 32-byte key of one purpose ("tokens", "consent"): HKDF-SHA256 (RFC 5869).
func (k *Keyring) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.root, nil, "ponte "+purpose, 32)
	if err != nil {
		panic(err) // only an impossible length makes it fail
	}
	return key
}

// Seal encrypts plain so that only this installation opens it again. The context (an account's id,
// say) is bound to it: a sealed value copied to another row does not open.
func (k *Keyring) Seal(plain, context string) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return aead.Seal(nonce, nonce, []byte(plain), []byte(context)), nil
}

// Open returns what Seal sealed, or ErrSealed.
func (k *Keyring) Open(sealed []byte, context string) (string, error) {
	aead, err := k.aead()
	if err != nil {
		return "", err
	}
	if len(sealed) < aead.NonceSize() {
		return "", ErrSealed
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(context))
	if err != nil {
		return "", ErrSealed
	}
	return string(plain), nil
}

func (k *Keyring) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Derive("seal"))
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	return cipher.NewGCM(block)
}
