import type { Message } from '@/api/types';

/**
 * What is known of a thread, the newest at the end. A page has a fixed end, the message before which it was
 * read, so it can be read again on its own; the last one has none and grows as people write.
 */
export interface SaidPage { before: number; items: Message[]; stale: boolean }
export interface Said { pages: SaidPage[]; whole: boolean }

export const pageSize = 60;
/** When the growing page is this long, its older half becomes a page of its own. */
export const tailSize = 4 * pageSize;

/** The newest messages as just read, laid over what was known: what does not reach it is dropped, because a gap would lie between. */
export function withNewest(known: Said | undefined, read: readonly Message[]): Said {
  const first = read[0];
  const fresh: Said = { pages: [{ before: 0, items: [...read], stale: false }], whole: read.length < pageSize };
  const tail = known?.pages.at(-1);
  if (!known || !tail || !first) return fresh;
  const at = tail.items.findIndex((m) => m.id === first.id);
  if (at < 0) {
    // Fewer than before, all of them younger: the thread is short and something was taken out of it.
    return fresh;
  }
  const items = [...tail.items.slice(0, at), ...read];
  const older = known.pages.slice(0, -1).map((p) => ({ ...p, stale: true }));
  const pages = items.length <= tailSize ? [...older, { before: 0, items, stale: false }] : [...older, ...split(items)];
  return { pages, whole: known.whole };
}

function split(items: Message[]): SaidPage[] {
  const at = Math.floor(items.length / 2);
  return [{ before: items[at]?.id ?? 0, items: items.slice(0, at), stale: true }, { before: 0, items: items.slice(at), stale: false }];
}

/** An older page, as read before the first message that was known. */
export function withOlder(known: Said, before: number, read: readonly Message[], asked: number): Said {
  if (firstId(known) !== before) return known; // somebody else was quicker
  return { pages: read.length === 0 ? known.pages : [{ before, items: [...read], stale: false }, ...known.pages], whole: read.length < asked };
}

/** A page that was read again. */
export function withPage(known: Said, before: number, read: readonly Message[]): Said {
  return { ...known, pages: known.pages.map((p) => (p.before === before ? { before, items: [...read], stale: false } : p)) };
}

export const firstId = (said: Said): number => said.pages.find((p) => p.items.length > 0)?.items[0]?.id ?? 0;
export const allOf = (said: Said | undefined): Message[] => said?.pages.flatMap((p) => p.items) ?? [];
export const stalePageOf = (said: Said | undefined, id: number): SaidPage | undefined => said?.pages.find((p) => p.stale && p.items.some((m) => m.id === id));

/** How tall a turn will probably be, so that the scroll bar does not jump when it is measured. */
export function guessHeight(m: Pick<Message, 'text' | 'detail'>, follows: boolean, width: number): number {
  const perLine = Math.max(18, Math.min(width * 0.76, 560) / 7.4);
  const lines = m.text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / perLine)), 0);
  return (follows ? 36 : 66) + Math.max(1, lines) * 22 + (m.detail.attachments?.length ?? 0) * 150 + (m.detail.buttons?.length ?? 0) * 30;
}
