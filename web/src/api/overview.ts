import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from './client';
import { channelNames, type Account, type Overview, type Page } from './types';

/** Today's work and health in one look; the navigation's counts come from it too. */
export function useOverview() {
  return useQuery({ queryKey: ['overview'], queryFn: () => unwrap<Overview>(api.GET('/overview')), refetchInterval: 60_000 });
}

/** An account that nobody named, and whose network told no name, is known by its network and id. */
const named = (page: Page<Account>): Page<Account> => ({ ...page, items: page.items.map((a) => (a.name ? a : { ...a, name: `${channelNames[a.channel]} ${a.external_id}` })) });

/** The connected accounts; several screens name them. */
export function useAccounts() {
  return useQuery({ queryKey: ['accounts'], queryFn: () => unwrap<Page<Account>>(api.GET('/accounts')), staleTime: 60_000, select: named });
}
