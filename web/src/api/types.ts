/** The nouns of the API, as the screens know them. */

export type Channel = 'facebook' | 'instagram' | 'messenger' | 'whatsapp';
export type Role = 'owner' | 'admin' | 'supervisor' | 'moderator' | 'agent' | 'analyst';
export type Permission = 'see' | 'moderate' | 'converse' | 'campaign' | 'configure' | 'own' | 'audit';
export type Decision = 'allow' | 'review' | 'hide' | 'delete' | 'spam' | 'block';

export interface Page<T> { items: T[]; next: string }

export interface Me {
  user: { id: number; email: string; name: string; locale: string };
  role: Role;
  permissions: Permission[];
  workspace: { id: number; name: string; brand: string; time_zone: string; locale: string; sending: boolean };
  workspaces: { id: number; name: string; role: Role }[];
  demo: boolean;
  rehearsal_url: string;
}

export interface Session { id: number; created_at: string; last_seen_at: string; address: string; agent: string; current: boolean }

export interface HeldCount { reason: string; meaning: string; count: number }

export interface AccountHealth { id: number; name: string; channel: Channel; state: string; state_reason: string; coverage: string }

export interface Overview {
  review_open: number;
  review_oldest_at: string | null;
  conversations_waiting: number;
  conversations_overdue: number;
  held: HeldCount[];
  unknown_actions: number;
  asks_pending: number;
  llm: { configured: boolean; state: 'ok' | 'off' | 'over_budget' | 'down'; spent_micros: number; budget_micros: number };
  decisions_today: { allow: number; review: number; hide: number; delete: number };
  undone_today: number;
  events_lag_seconds: number;
  parked: number;
  accounts: AccountHealth[];
}

export interface Verdict {
  id: number;
  decision: Decision;
  tier: 'rules' | 'model' | 'llm' | 'policy' | 'person';
  provisional: boolean;
  harm: number;
  spam: number;
  scores: Record<string, number | null>;
  intent: string;
  sentiment: string;
  reasons: { code: string; text: string }[];
  model_version: string;
  rules_version: string;
  policy_version: string;
  prompt_version: string;
  created_at: string;
}

export interface ActionBrief { id: number; kind: string; state: string; reason: string; meaning: string; not_before: string | null }

export interface Comment {
  id: number;
  account_id: number;
  channel: Channel;
  post: { id: number; caption: string; permalink: string; picture: string } | null;
  author: { identity_id: number; contact_id: number; name: string };
  own: boolean;
  text: string;
  attachments: { type: string }[];
  language: string;
  state: 'visible' | 'hidden' | 'removed';
  state_by: string;
  decision: Decision | '';
  commented_at: string;
  edited_at: string | null;
  parent_external_id: string;
  external_id: string;
  permalink: string;
  verdict: Verdict | null;
  review: { id: number; why: string; priority: number; claimed_by: number | null; claimed_until: string | null } | null;
  actions: ActionBrief[];
  event_reason: string;
}

export interface CommentDetail extends Comment {
  thread: Comment[];
  history: { verdicts: Verdict[]; author_comments: number; author_hidden: number };
  log: { at: string; actor: string; what: string }[];
}

export interface Conversation {
  id: number;
  account_id: number;
  channel: Channel;
  contact: { id: number; name: string; language: string; labels: string[] };
  state: 'open' | 'resolved';
  spam: boolean;
  handler: 'bot' | 'human';
  handler_reason: string;
  assignee: { id: number; name: string } | null;
  team: string;
  labels: string[];
  language: string;
  preview: string;
  unread: number;
  opened_at: string;
  last_message_at: string;
  waiting_since: string | null;
  overdue: boolean;
  origin: { text: string } | null;
  revision: number;
  care_window: { open: boolean; until: string | null; human_until: string | null };
}

export interface ConsentState {
  channel: Channel;
  purpose: string;
  state: 'granted' | 'withdrawn' | 'doubt' | 'none';
  since: string | null;
  wording: string;
  how: string;
  seq: number;
}

export interface IdentityPanel {
  id: number;
  channel: Channel;
  username: string;
  name: string;
  phone: string;
  join: { id: number; how: string; evidence: string; at: string } | null;
}

export interface ConversationDetail extends Conversation {
  consent: ConsentState[];
  identities: IdentityPanel[];
  journey: { at: string; what: string; channel: Channel; ref: string }[];
  earlier: { id: number; channel: Channel; opened_at: string; resolved_at: string | null; preview: string }[];
}

export interface Message {
  id: number;
  direction: 'in' | 'out';
  author: 'contact' | 'bot' | 'member' | 'other_tool';
  member_name: string;
  type: string;
  text: string;
  detail: MessageDetail;
  reactions: { emoji: string }[];
  receipt: 'sent' | 'delivered' | 'read' | 'failed' | '';
  receipt_error: string;
  at: string;
  edited_at: string | null;
  deleted_at: string | null;
  action: { id: number; state: string; reason: string; meaning: string } | null;
}

export interface MessageDetail {
  attachments?: { type: string; url?: string; name?: string }[];
  buttons?: { id?: string; title: string }[];
  payload?: string;
}

export interface Suggestion {
  id: number;
  rank: number;
  language: string;
  text: string;
  sources: { kind: string; id: number; title: string }[];
  made_by: string;
}

export interface Suggestions { items: Suggestion[]; revision: number; llm_state: string }

export interface KeywordSet { language: string; words: string[]; phrases: string[]; not: string[] }

export interface TriggerInput {
  name: string;
  priority: number;
  sources: string[];
  keywords: KeywordSet[];
  intents: string[];
  account_ids: number[];
  post_ids: number[];
  starts_at: string | null;
  ends_at: string | null;
  public_replies: Record<string, string[]>;
  private_reply: Record<string, string>;
  handoff_account_id: number | null;
  valid_minutes: number;
}

export interface Trigger extends TriggerInput {
  id: number;
  state: 'draft' | 'live' | 'paused' | 'archived';
  purpose: string;
  runs: { matched: number; replied: number; private_replied: number; handed_off: number; joined: number };
}

export interface Post { id: number; account_id: number; channel: Channel; caption: string; permalink: string; picture: string; posted_at: string | null }

export interface Account {
  id: number;
  channel: Channel;
  external_id: string;
  name: string;
  base_url: string;
  waba_id: string;
  phone: string;
  state: 'connected' | 'needs_reauthorisation' | 'removed';
  state_reason: string;
  sending: boolean;
  coverage: string;
}

export interface Check { name: string; ok: boolean; detail: string; fix: string }

export interface QuickReply { id: number; shortcut: string; language: string; title: string; text: string; intents: string[] }
export interface Knowledge { id: number; language: string; title: string; text: string; source: string }
export interface Template { id: number; name: string; language: string; category: string; status: string; body: string; parameters: number }

export interface Member { user_id: number; email: string; name: string; role: Role; created_at: string }
export interface Token { id: number; name: string; role: Role; created_at: string; last_used_at: string | null }

/** From which score on a comment is hidden or shown to a person; categories and languages may have their own. */
export interface Policy {
  hide_harm: boolean;
  hide_spam: boolean;
  categories?: Record<string, string>;
  harm?: Record<string, number>;
  spam?: Record<string, number>;
  review_harm: number;
  review_spam: number;
  llm_hide: number;
}

export interface Workspace {
  id: number;
  name: string;
  brand: string;
  legal_name: string;
  contact: string;
  time_zone: string;
  locale: string;
  country: string;
  settings: Record<string, unknown>;
}
