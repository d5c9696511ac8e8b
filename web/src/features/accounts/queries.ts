import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { ApiError } from '@/api/errors';
import type { Account, Check, NewAccount } from '@/api/types';

function useFresh() {
  const client = useQueryClient();
  return () => { void client.invalidateQueries({ queryKey: ['accounts'] }); void client.invalidateQueries({ queryKey: ['overview'] }); };
}

export function useRemoveAccount() {
  const fresh = useFresh();
  return useMutation({ mutationFn: ({ id, acknowledged }: { id: number; acknowledged?: boolean }) => unwrap(api.DELETE('/accounts/{id}', { params: { path: { id }, query: { acknowledged } } })), onSettled: fresh });
}

export function useAccountSending() {
  const fresh = useFresh();
  return useMutation({ mutationFn: ({ id, on }: { id: number; on: boolean }) => unwrap(api.POST('/accounts/{id}/sending', { params: { path: { id } }, body: { on } })), onSettled: fresh });
}

export function useCheck() {
  const fresh = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap<{ checks: Check[] }>(api.POST('/accounts/{id}/check', { params: { path: { id } }, body: {} })), onSettled: fresh });
}

export function useBackfill() {
  const fresh = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/accounts/{id}/backfill', { params: { path: { id } }, body: {} })), onSettled: fresh });
}

export function useCancelBackfill() {
  const fresh = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap<Account>(api.POST('/accounts/{id}/backfill/cancel', { params: { path: { id } }, body: {} })), onSettled: fresh });
}

/** What connecting an account has come to: each stage begins when the one before it is over. */
export interface Connecting { account?: Account; subscribed?: true | ApiError; checks?: Check[]; at: 'store' | 'subscribe' | 'check' | 'over' }

/** Keeps the account, asks the network for its webhooks, and has the doctor examine it; what was found so far is told on the way. */
export function useConnect(told: (so: Connecting) => void) {
  const fresh = useFresh();
  return useMutation({
    mutationFn: async (body: NewAccount) => {
      let so: Connecting = { at: 'store' };
      const next = (more: Partial<Connecting>) => { so = { ...so, ...more }; told(so); };
      next({});
      const account = await unwrap<Account>(api.POST('/accounts', { body }));
      next({ account, at: 'subscribe' });
      const path = { params: { path: { id: account.id } }, body: {} };
      try {
        await unwrap(api.POST('/accounts/{id}/subscribe', path));
        next({ subscribed: true, at: 'check' });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        next({ subscribed: error, at: 'check' });
      }
      const { checks } = await unwrap<{ checks: Check[] }>(api.POST('/accounts/{id}/check', path));
      next({ checks, at: 'over' });
      return so;
    },
    onSettled: fresh,
  });
}
