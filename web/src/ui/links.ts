export interface WhatsAppLink { digits: string; text: string }

/** Reads the number and the prefilled text of a WhatsApp link; anything else is no such link. */
export function readWhatsAppLink(url: string): WhatsAppLink | undefined {
  if (!URL.canParse(url)) return undefined;
  const u = new URL(url);
  if (u.hostname === 'wa.me') return { digits: u.pathname.replace(/\D/g, ''), text: u.searchParams.get('text') ?? '' };
  if (u.hostname === 'api.whatsapp.com' && u.pathname.startsWith('/send')) return { digits: (u.searchParams.get('phone') ?? '').replace(/\D/g, ''), text: u.searchParams.get('text') ?? '' };
  return undefined;
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

/** A text in one line for a list, with the long link to WhatsApp named instead of written out. */
export function inShort(text: string, name: string): string {
  return text.replace(/https:\/\/wa\.me\/\S*/g, `[${name}]`);
}
