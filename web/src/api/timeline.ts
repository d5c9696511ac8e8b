import { api, unwrap } from './client';
import { usePaged } from './paged';
import type { Page, TimelineEntry } from './types';

/** Everything about a person over all channels. The key begins with whatever makes it stale: the conversation beside which it is shown, or the person. */
export function useTimeline(contact: number, said: boolean, beside: readonly [string, number]) {
  return usePaged<TimelineEntry>([...beside, 'timeline', contact, said], (cursor) => unwrap<Page<TimelineEntry>>(api.GET('/contacts/{id}/timeline', { params: { path: { id: contact }, query: { limit: 40, ...(said ? { only: 'said' as const } : {}), ...(cursor ? { cursor } : {}) } } })));
}
