import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from './client';
import type { Account, Overview, Page } from './types';

/** Today's work and health in one look; the navigation's counts come from it too. */
export function useOverview() {
  return useQuery({ queryKey: ['overview'], queryFn: () => unwrap<Overview>(api.GET('/overview')), refetchInterval: 60_000 });
}

/** The connected accounts; several screens name them. */
export function useAccounts() {
  return useQuery({ queryKey: ['accounts'], queryFn: () => unwrap<Page<Account>>(api.GET('/accounts')), staleTime: 60_000 });
}
