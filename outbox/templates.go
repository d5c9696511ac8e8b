package outbox

import (
	"ponte/channels"
	"ponte/inbox"
)

// templates keeps what came of calls about templates. The status in an answer holds from the instant of
// the call: a webhook that was quicker than the answer tells what came later.
func (r *recording) templates(done []outcome) error {
	for _, o := range done {
		a := o.action
		switch a.Call.Kind {
		case channels.SubmitTemplate, channels.EditTemplate, channels.DeleteTemplate, channels.ResumeTemplate:
			at := r.now
			if !a.SentAt.IsZero() {
				at = a.SentAt
			}
			if err := inbox.RecordTemplateCall(r.ctx, r.tx, a.WorkspaceID, a.AccountID, a.Call, o.result, at); err != nil {
				return err
			}
			if err := Reconsider(r.ctx, r.tx, a.WorkspaceID, PauseReasons...); err != nil {
				return err
			}
		}
	}
	return nil
}
