package inbox

import (
	"encoding/json"
	"time"
)

// AccountProblem is something that is wrong with a connected account, as a periodic look found it.
type AccountProblem struct {
	Code    string `json:"code"` // token_invalid, token_expiring, access_expiring, subscription_lost, permission_missing, quality_red, unreachable
	Meaning string `json:"meaning"`
	Fix     string `json:"fix"`
	// Params are the values in Meaning, for those who say it in another language; none: English alone.
	Params map[string]string `json:"params,omitempty"`
	Since  time.Time         `json:"since"` // first seen
}

// AccountHealth is what was last seen of an account; accounts.health holds it.
type AccountHealth struct {
	CheckedAt     time.Time        `json:"checked_at,omitzero"`
	NextAt        time.Time        `json:"next_at,omitzero"`
	TokenExpires  *time.Time       `json:"token_expires,omitempty"`
	AccessExpires *time.Time       `json:"access_expires,omitempty"` // the person who gave the token must look in again before
	Quality       string           `json:"quality,omitempty"`        // of a WhatsApp number
	Problems      []AccountProblem `json:"problems,omitempty"`
	Told          []string         `json:"told,omitempty"` // what people were told of already, with the stage it had
}

// ReadHealth is what was last seen of the account; nothing, when it was never looked at.
func (a Account) ReadHealth() AccountHealth {
	var h AccountHealth
	if json.Unmarshal(a.Health, &h) != nil {
		return AccountHealth{}
	}
	return h
}
