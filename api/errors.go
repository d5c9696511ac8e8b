package api

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/said"
)

// Problem is an error as a client sees it (RFC 9457), with the kind of fault beside it.
type Problem struct {
	Title  string           `json:"title" doc:"The status in words"`
	Status int              `json:"status" doc:"HTTP status"`
	Detail string           `json:"detail" doc:"What happened, to what, and what to do"`
	Errors []ProblemField   `json:"errors,omitempty" doc:"The input fields at fault"`
	Code   string           `json:"code,omitempty" doc:"Names the refusal where it is a frequent one; it stays the same when the words change"`
	Parts  []said.Statement `json:"parts,omitempty" doc:"The detail as statements with stable codes"`
	Kind   string           `json:"kind" doc:"invalid, unauthorized, forbidden, not_found, conflict, unavailable, too_many or internal"`
}

// ProblemField is one input field at fault.
type ProblemField struct {
	Message  string           `json:"message"`
	Location string           `json:"location,omitempty"`
	Parts    []said.Statement `json:"parts,omitempty" doc:"The message as statements with stable codes"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType names the media type of problems.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders asks a client to come back where that helps.
func (p *Problem) GetHeaders() http.Header {
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		return http.Header{"Retry-After": {"1"}}
	}
	return http.Header{}
}

var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.Unauthorized: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Method: http.StatusMethodNotAllowed, fault.Conflict: http.StatusConflict, fault.Unavailable: http.StatusServiceUnavailable,
	fault.TooMany: http.StatusTooManyRequests, fault.Internal: http.StatusInternalServerError,
}

func kindOf(status int) fault.Kind {
	for k, s := range statuses {
		if s == status {
			return k
		}
	}
	if status < 500 {
		return fault.Invalid
	}
	return fault.Internal
}

// faults is several faults of one input.
type faults []*fault.Error

// Error names the first.
func (f faults) Error() string { return f[0].Error() }

// problemOf maps an error to what a client may see. The cause stays in the log.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var many faults
	if errors.As(err, &many) {
		p = newProblem(fault.Invalid, "the input has faults; see each field")
		for _, f := range many {
			p.Errors = append(p.Errors, fieldOf(f))
		}
		return p
	}
	var fe *fiber.Error
	if errors.As(err, &fe) {
		p = newProblem(kindOf(fe.Code), http.StatusText(fe.Code))
		p.Status, p.Title = fe.Code, http.StatusText(fe.Code)
		if fe.Code == http.StatusRequestEntityTooLarge || fe.Code == http.StatusLengthRequired { // our own words: body.go
			p.Detail = fe.Message
		}
		return p
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		return refusedByDatabase(err)
	}
	if f.Kind == fault.Internal {
		return newProblem(fault.Internal, internalText)
	}
	p = newProblem(f.Kind, f.Public)
	p.Code, p.Parts = f.Code, partsOf(f)
	if f.Field != "" {
		p.Errors = []ProblemField{fieldOf(f)}
	}
	return p
}

func fieldOf(f *fault.Error) ProblemField { return ProblemField{f.Public, f.Field, partsOf(f)} }

// partsOf says a fault by codes.
func partsOf(f *fault.Error) []said.Statement { return coded(said.Of(f.Format, f.Args...)) }

// coded leaves statements out where none has a code: they would say the text once more.
func coded(parts []said.Statement) []said.Statement {
	if slices.ContainsFunc(parts, func(p said.Statement) bool { return p.Code != said.Other }) {
		return parts
	}
	return nil
}

const internalText = "something went wrong on our side; it is in the log"

// refusedByDatabase knows the refusals that any input can meet: no field means to hold characters that
// cannot be stored, so none looks for them itself, and two people may do the same thing at once.
func refusedByDatabase(err error) *Problem {
	var p *pq.Error
	if !errors.As(err, &p) {
		return newProblem(fault.Internal, internalText)
	}
	switch p.Code {
	case "22021", "22P05":
		return newProblem(fault.Invalid, "the input holds a NUL or broken UTF-8, which cannot be stored or looked for; take it out")
	case "23505":
		return newProblem(fault.Conflict, "this is there already; read it again")
	}
	return newProblem(fault.Internal, internalText)
}

func newProblem(kind fault.Kind, detail string) *Problem {
	status := statuses[kind]
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail, Kind: string(kind), Parts: coded(said.Read(detail))}
}

// fail logs what is our fault and returns what the client sees.
func (s *Server) fail(what string, err error) *Problem {
	p := problemOf(err)
	if p.Status >= 500 {
		level := slog.LevelError
		if p.Status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		s.Log.Log(s.life, level, "api: request failed", "route", what, "error", err)
	}
	return p
}

// write sends a problem from a plain route.
func (s *Server) write(c *fiber.Ctx, err error) error {
	p := s.fail(c.Method()+" "+c.Route().Path, err)
	for k, v := range p.GetHeaders() {
		c.Set(k, v[0])
	}
	if jerr := c.Status(p.Status).JSON(p); jerr != nil {
		return jerr
	}
	c.Set(fiber.HeaderContentType, p.ContentType(""))
	return nil
}

// huma makes its own errors through package variables; they are set once, before the first API.
var humaOnce sync.Once

func setHuma() {
	humaOnce.Do(func() {
		huma.DefaultArrayNullable = false
		huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
			p := &Problem{Title: http.StatusText(status), Status: status, Detail: msg, Kind: string(kindOf(status))}
			for _, err := range errs {
				var d huma.ErrorDetailer
				if errors.As(err, &d) { // the value is not echoed: it may be a password
					p.Errors = append(p.Errors, ProblemField{Message: expect(d.ErrorDetail().Message), Location: d.ErrorDetail().Location, Parts: coded(said.Read(expect(d.ErrorDetail().Message)))})
				} else if err != nil {
					p.Errors = append(p.Errors, ProblemField{Message: err.Error()})
				}
			}
			if msg == "validation failed" && len(p.Errors) > 0 {
				p.Detail = badInput(p.Errors)
			}
			return p
		}
	})
}

// taken says whether something unique is there already.
func taken(err error) bool {
	var p *pq.Error
	return errors.As(err, &p) && p.Code == "23505"
}
