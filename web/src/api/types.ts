/** The nouns of the API, as its document describes them; made by "npm run types", never by hand. */
import type { components } from './schema.gen';

type S = components['schemas'];

export interface Page<T> { items: T[]; next: string }

export type Account = S['Account'];
export type AccountHealth = S['AccountHealth'];
export type ActionBrief = S['ActionBrief'];
export type Action = S['Action'];
export type AssistFigure = S['AssistFigure'];
export type AuditLine = S['AuditLine'];
export type Campaign = S['Campaign'];
export type CampaignInput = S['CampaignInput'];
export type Check = S['Check'];
export type Comment = S['Comment'];
export type CommentDetail = S['CommentDetail'];
export type ConsentEntry = S['ConsentEntry'];
export type ConsentReport = S['ConsentReport'];
export type ConsentState = S['ConsentState'];
export type Contact = S['Contact'];
export type ContactDetail = S['ContactDetail'];
export type Conversation = S['Conversation'];
export type ConversationDetail = S['ConversationDetail'];
export type Delivery = S['Delivery'];
export type DryRun = S['DryRun'];
export type DryRunResult = S['DryRunResult'];
export type Enrolment = S['Enrolment'];
export type Erasure = S['Erasure'];
export type Event = S['Event'];
export type Funnel = S['Funnel'];
export type IdentityPanel = S['IdentityPanel'];
export type Imported = S['Imported'];
export type Join = S['Join'];
export type KeywordSet = S['KeywordSet'];
export type Knowledge = S['Knowledge'];
export type KnowledgeInput = S['KnowledgeInput'];
export type Me = S['Me'];
export type Member = S['Member'];
export type Message = S['Message'];
export type Overview = S['Overview'];
export type Parted = S['Parted'];
export type PasswordLink = S['PasswordLink'];
export type Policy = S['Policy'];
export type Post = S['Post'];
export type PriceFile = S['PriceFile'];
export type Provenance = S['Provenance'];
export type Question = S['Question'];
export type QuickReply = S['QuickReply'];
export type QuickReplyInput = S['QuickReplyInput'];
export type RecoveryCodes = S['RecoveryCodes'];
export type Spending = S['Spending'];
export type SecondFactor = S['SecondFactor'];
export type Review = S['Review'];
export type ReviewBatch = S['Batch'];
export type Session = S['Session'];
export type SignInMethods = S['SignInMethods'];
export type Step = S['Step'];
export type Suggestion = S['Suggestion'];
export type Suggestions = S['Suggestions'];
export type Team = S['Team'];
export type Template = S['Template'];
export type Token = S['Token'];
export type Trigger = S['Trigger'];
export type TriggerInput = S['TriggerInput'];
export type TriggerWindow = S['TriggerWindow'];
export type Verdict = S['Verdict'];
export type Workspace = S['Workspace'];
export type WordCheck = S['WordCheck'];
export type WorkspaceInput = S['WorkspaceInput'];

export type Channel = Conversation['channel'];
export type Decision = Verdict['decision'];
export type Finding = S['SettleInBody']['outcome'];
export type Permission = Me['permissions'][number];
export type Role = Me['role'];

/** What the screens send, where the document gives the body no name of its own. */
export type NewAccount = S['AccountInBody'];
export type NewMember = S['NewMemberInBody'];
export type NewToken = S['NewTokenInBody'];
export type ConsentAct = S['ConsentInBody'];
export type Outgoing = S['SendMessage'];
