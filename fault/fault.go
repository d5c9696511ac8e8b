// Package fault gives errors a kind, a cause and a text for the person who reads them.
//
// The kinds are a short closed list; the api package maps a kind to an HTTP status in one place.
// The cause is for the log and never reaches a client.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what follows from an error for the caller.
type Kind string

// The closed list of kinds.
const (
	Invalid      Kind = "invalid"      // the input is wrong; nothing was changed
	Unauthorized Kind = "unauthorized" // who are you?
	Forbidden    Kind = "forbidden"    // not with this role
	NotFound     Kind = "not_found"    // no such thing in this workspace
	Method       Kind = "method"       // it is there, and cannot be called so
	Conflict     Kind = "conflict"     // the thing moved on; read it again
	Unavailable  Kind = "unavailable"  // try again later
	TooMany      Kind = "too_many"     // slow down
	Internal     Kind = "internal"     // our fault; details are in the log
)

// Error is an error with a kind, a public text and an optional cause.
type Error struct {
	Kind   Kind
	Public string // what happened, to what, what to do; safe to show
	Code   string // names this refusal for programs and translations, where it has a name; never changed
	Field  string // the input field at fault, where there is one ("keywords[0].words")
	Format string // what Public was made from, with its values, so that it can be said in another language
	Args   []any
	Cause  error
}

// Error returns the public text followed by the cause; it is meant for logs.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Public + ": " + e.Cause.Error()
	}
	return e.Public
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of the kind with a public text.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Public: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// Field returns an Invalid error about one input field.
func Field(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Field: field, Public: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// Coded names an error, so that an interface can say it in its reader's language.
func (e *Error) Coded(code string) *Error {
	e.Code = code
	return e
}

// Wrap returns an error of the kind that keeps its cause for the log.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Public: fmt.Sprintf(format, args...), Format: format, Args: args, Cause: cause}
}

// KindOf returns the kind of the first fault in the chain, and Internal where there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err carries the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
