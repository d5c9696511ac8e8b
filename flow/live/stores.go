package live

import "ponte/privacy"

// PersonalData describes the tables of this package. Runs and calls follow their thread.
func PersonalData() []privacy.Store {
	return []privacy.Store{
		{Table: "flow_calls", Follows: privacy.Stays, Rank: 25, Erase: []string{
			`UPDATE flow_calls c SET url = '', body = '', answer = '', state = CASE WHEN c.state IN ('planned','calling') THEN 'failed' ELSE c.state END,
    failure = CASE WHEN c.state IN ('planned','calling') THEN 'erased' ELSE c.failure END, done_at = coalesce(c.done_at, now())
FROM flow_runs r, threads t WHERE t.workspace_id = $1 AND t.contact_id = $2 AND r.workspace_id = t.workspace_id AND r.thread_id = t.id AND c.workspace_id = r.workspace_id AND c.run_id = r.id`}},
		{Table: "flow_runs", Follows: privacy.Stays, Rank: 26, Erase: []string{
			`UPDATE flow_runs r SET state = '{}', pending = '[]', timer_at = NULL, ended_at = coalesce(r.ended_at, now()), why = CASE WHEN r.why = '' THEN 'erased' ELSE r.why END, updated_at = now()
FROM threads t WHERE t.workspace_id = $1 AND t.contact_id = $2 AND r.workspace_id = t.workspace_id AND r.thread_id = t.id`}},
	}
}
