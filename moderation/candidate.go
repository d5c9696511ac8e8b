package moderation

// WithModel is an engine that judges by another model under the same rules and policy.
func (e *Engine) WithModel(m *Model) *Engine { return NewEngine(m, e.rules, e.policy) }
