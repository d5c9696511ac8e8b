package live

import (
	"ponte/flow"
	"ponte/moderation"
)

// WishOf is what the recogniser of wishes found in a message, as a flow takes it. A clear withdrawal comes
// before the wish for a person, and that before a doubtful withdrawal.
func WishOf(v moderation.Verdict) flow.Wish {
	switch {
	case v.OptOut == moderation.OptOutClear:
		return flow.WantsStop
	case v.WantsHuman:
		return flow.WantsHelp
	case v.OptOut != moderation.NoOptOut:
		return flow.MayStop
	}
	return flow.NoWish
}
