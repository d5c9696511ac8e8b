import type { Stage, StageAccount, StageButton, StageComment, StageMessage } from './control';

export interface WhatsAppLink { digits: string; text: string }

/** Reads the number and the prefilled text of a WhatsApp link; anything else is no such link. */
export function readWhatsAppLink(url: string): WhatsAppLink | undefined {
  if (!URL.canParse(url)) return undefined;
  const u = new URL(url);
  if (u.hostname === 'wa.me') return { digits: u.pathname.replace(/\D/g, ''), text: u.searchParams.get('text') ?? '' };
  if (u.hostname === 'api.whatsapp.com' && u.pathname.startsWith('/send')) return { digits: (u.searchParams.get('phone') ?? '').replace(/\D/g, ''), text: u.searchParams.get('text') ?? '' };
  return undefined;
}

/** The account whose number the link leads to. */
export function accountOfLink(accounts: readonly StageAccount[], link: WhatsAppLink): StageAccount | undefined {
  return accounts.find((a) => a.channel === 'whatsapp' && (a.phone ?? '').replace(/\D/g, '') === link.digits);
}

export type Piece = { kind: 'text'; text: string } | { kind: 'link'; url: string };

/** Splits a message into text and links; a stop at the end belongs to the sentence. */
export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"]+/g)) {
    const url = match[0].replace(/[.,;:!?)]+$/, '');
    const at = match.index;
    if (at > from) out.push({ kind: 'text', text: text.slice(from, at) });
    out.push({ kind: 'link', url });
    from = at + url.length;
  }
  if (from < text.length) out.push({ kind: 'text', text: text.slice(from) });
  return out;
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
