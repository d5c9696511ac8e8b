package api

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"ponte/fault"
	"ponte/said"
)

// expected says what a parameter of an address should have been, for each refusal of the parser. Messages
// about fields of a body say it themselves.
var expected = map[string]string{
	"invalid integer":        "a whole number is expected",
	"invalid float":          "a number is expected",
	"invalid floating value": "a number is expected",
	"invalid boolean":        "true or false is expected",
}

// places are the parts of a request as a reader calls them.
var places = map[string]string{"path": "in the address", "query": "in the query", "header": "in the headers", "cookie": "among the cookies", "body": "in the body"}

// expect says it in our words where the parser's are short.
func expect(message string) string {
	if text, ok := expected[message]; ok {
		return text
	}
	if strings.HasPrefix(message, "invalid date/time") {
		return "a time as 2026-01-31T15:04:05Z is expected"
	}
	return message
}

// badInput sums up the faults of a request: which part of it, and what was expected there.
func badInput(fields []ProblemField) string {
	const most = 3
	var out []string
	for i, f := range fields {
		if i == most {
			out = append(out, "and "+strconv.Itoa(len(fields)-most)+" more")
			break
		}
		place, name, _ := strings.Cut(f.Location, ".")
		if in := places[place]; in != "" && name != "" {
			out = append(out, name+" "+in+": "+f.Message)
		} else {
			out = append(out, f.Message)
		}
	}
	return strings.Join(out, "; ")
}

// pathID reads an id in the address of a plain route.
func pathID(c *fiber.Ctx, name string) (int64, error) {
	id, err := strconv.ParseInt(c.Params(name), 10, 64)
	if err != nil {
		f := ProblemField{Message: expected["invalid integer"], Location: "path." + name, Parts: coded(said.Read(expected["invalid integer"]))}
		p := newProblem(fault.Invalid, badInput([]ProblemField{f}))
		p.Errors = []ProblemField{f}
		return 0, p
	}
	return id, nil
}
