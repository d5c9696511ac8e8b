import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Page, Policy, PriceFile, Spending, Workspace } from '@/api/types';

export function useWorkspace() {
  return useQuery({ queryKey: ['workspace'], queryFn: () => unwrap<Workspace>(api.GET('/workspace')) });
}

/** The settings that were changed here: what somebody else changed meanwhile stays theirs. */
export function changedSettings(before: Record<string, unknown>, now: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(now).filter(([k, v]) => JSON.stringify(before[k]) !== JSON.stringify(v)));
}

export function useSaveWorkspace() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id: _id, ...body }: Workspace) => unwrap<Workspace>(api.PUT('/workspace', { body })),
    onSuccess: () => { void client.invalidateQueries({ queryKey: ['workspace'] }); void client.invalidateQueries({ queryKey: ['me'] }); },
  });
}

export function useWorkspaceSending() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (on: boolean) => unwrap(api.POST('/workspace/sending', { body: { on } })),
    onSettled: () => { for (const key of ['me', 'workspace', 'overview']) void client.invalidateQueries({ queryKey: [key] }); },
  });
}

export function usePolicy() {
  return useQuery({ queryKey: ['policy'], queryFn: () => unwrap<Policy>(api.GET('/policy')) });
}

export function useSavePolicy() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: Policy) => unwrap<Policy>(api.PUT('/policy', { body })), onSuccess: () => client.invalidateQueries({ queryKey: ['policy'] }) });
}

export function usePriceFiles() {
  return useQuery({ queryKey: ['price-files'], queryFn: () => unwrap<Page<PriceFile>>(api.GET('/price-files')) });
}

export function useSpending() {
  return useQuery({ queryKey: ['spending'], queryFn: () => unwrap<Spending>(api.GET('/spending')) });
}

function usePricesChanged() {
  const client = useQueryClient();
  return () => { for (const key of ['price-files', 'spending', 'actions', 'overview']) void client.invalidateQueries({ queryKey: [key] }); };
}

export function useImportPrices() {
  const onSuccess = usePricesChanged();
  return useMutation({ mutationFn: (body: { name: string; text: string }) => unwrap<PriceFile>(api.POST('/price-files', { body })), onSuccess });
}

export function useWithdrawPrices() {
  const onSuccess = usePricesChanged();
  return useMutation({ mutationFn: (id: number) => unwrap<PriceFile>(api.POST('/price-files/{id}/withdraw', { params: { path: { id } }, body: {} })), onSuccess });
}
