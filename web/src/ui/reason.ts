import { i18n } from '@/i18n';

/** A sentence of the server in the reader's language: by its code and values where we have all of them, else as the server says it. */
export function sentence(group: string, code: string, values: Record<string, string> | undefined, english: string): string {
  const key = `${group}.${code}`;
  if (i18n.language === 'en' || !code || !i18n.exists(key)) return english;
  const text = String(i18n.t(key, { skipInterpolation: true }));
  const wanted = [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1] ?? '');
  return wanted.every((name) => values?.[name] !== undefined) ? i18n.t(key, values ?? {}) : english;
}

/** Why something waits or did not happen. The server explains in English; in other languages its code has a text of ours. */
export function reasonText(code: string, meaning: string): string {
  if (i18n.language === 'en' && meaning) return meaning;
  return code && i18n.exists(`reason.${code}`) ? i18n.t(`reason.${code}`) : meaning || code.replaceAll('_', ' ');
}
