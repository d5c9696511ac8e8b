import type { ContactBrief } from '@/api/types';
import { channelNames, type Channel } from '@/api/types';
import { i18n } from '@/i18n';

type Somebody = Pick<ContactBrief, 'name'> & Partial<Pick<ContactBrief, 'erased' | 'known'>>;

/** What to call a person: by name, as erased, else by the id under which a network knows them. */
export function called(who: Somebody): string {
  if (who.name) return who.name;
  if (who.erased) return i18n.t('comment.erased');
  if (!who.known) return i18n.t('comment.nameless');
  return who.known.id.startsWith('…') ? `${channelNames[who.known.channel as Channel] ?? who.known.channel} ${who.known.id}` : who.known.id;
}
