import type { WhatsAppLink } from '@/ui/links';
import type { Stage, StageAccount, StageButton, StageComment, StageMessage } from './control';

/** The account whose number the link leads to. */
export function accountOfLink(accounts: readonly StageAccount[], link: WhatsAppLink): StageAccount | undefined {
  return accounts.find((a) => a.channel === 'whatsapp' && (a.phone ?? '').replace(/\D/g, '') === link.digits);
}

const byTime = (a: { at: string }, b: { at: string }) => Date.parse(a.at) - Date.parse(b.at);

/** The messages between a person and an account, oldest first. */
export function talk(messages: readonly StageMessage[], account: string, person: string): StageMessage[] {
  return messages.filter((m) => m.account === account && m.person === person).sort(byTime);
}

/** What a person sees under a post: removed ones are gone; a hidden one only its writer still sees. */
export function visibleTo(comments: readonly StageComment[], post: string, person: string): StageComment[] {
  const seen = comments.filter((c) => c.post === post && !c.deleted && (!c.hidden || c.person === person)).sort(byTime);
  const isRoot = (c: StageComment) => !c.parent || !seen.some((p) => p.id === c.parent);
  return seen.filter(isRoot).flatMap((r) => [r, ...seen.filter((c) => c.parent === r.id)]);
}

/** What can be tapped below a message: its buttons, or the rows of its list. */
export function taps(m: StageMessage): StageButton[] {
  return m.list?.rows ?? m.buttons ?? [];
}

/** How many messages of the brand the person has not yet looked at. */
export function unread(stage: Pick<Stage, 'messages'>, person: string, seen: Record<string, number>, account: string): number {
  return Math.max(0, talk(stage.messages, account, person).filter((m) => m.from_brand).length - (seen[`${person}/${account}`] ?? 0));
}
