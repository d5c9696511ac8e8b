import { i18n } from '@/i18n';

/** Why something waits or did not happen. The server explains in English; in other languages its code has a text of ours. */
export function reasonText(code: string, meaning: string): string {
  if (i18n.language === 'en' && meaning) return meaning;
  return code && i18n.exists(`reason.${code}`) ? i18n.t(`reason.${code}`) : meaning || code.replaceAll('_', ' ');
}
