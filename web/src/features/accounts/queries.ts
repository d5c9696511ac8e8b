import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Account, Check, NewAccount } from '@/api/types';

function useFresh() {
  const client = useQueryClient();
  return () => { void client.invalidateQueries({ queryKey: ['accounts'] }); void client.invalidateQueries({ queryKey: ['overview'] }); };
}

export function useAddAccount() {
  const fresh = useFresh();
  return useMutation({ mutationFn: (body: NewAccount) => unwrap<Account>(api.POST('/accounts', { body })), onSuccess: fresh });
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
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/accounts/{id}/backfill', { params: { path: { id } }, body: {} })) });
}
