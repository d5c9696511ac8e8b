import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '@/api/client';
import type { Backtest, BacktestChange, Page, Policy, Rule, RuleDetail, Statistics, Version, VersionDetail } from '@/api/types';

export type Kind = 'policy' | 'thresholds' | 'rules' | 'rule' | 'prompt';

export const usePolicy = () => useQuery({ queryKey: ['policy'], queryFn: () => unwrap<Policy>(api.GET('/policy')) });
export const useRules = () => useQuery({ queryKey: ['rules', 'full'], queryFn: () => unwrap<Page<RuleDetail>>(api.GET('/rules', { params: { query: { full: true } } })) });
export const useVersions = () => useQuery({ queryKey: ['versions'], queryFn: () => unwrap<Page<Version>>(api.GET('/versions', { params: { query: { limit: 100 } } })) });
export const useVersion = (id: number) => useQuery({ queryKey: ['versions', id], queryFn: () => unwrap<VersionDetail>(api.GET('/versions/{id}', { params: { path: { id } } })) });
export const useFigures = () => useQuery({ queryKey: ['review-statistics', ''], queryFn: () => unwrap<Statistics>(api.GET('/review-statistics')), staleTime: 60_000 });

const running = (b: Backtest | undefined) => b !== undefined && (b.state === 'queued' || b.state === 'running');

/** A backtest as far as it is; looked at again while it runs. */
export function useBacktest(id: number | undefined) {
  return useQuery({ queryKey: ['backtest', id], queryFn: () => unwrap<Backtest>(api.GET('/backtests/{id}', { params: { path: { id: id ?? 0 } } })), enabled: id !== undefined, refetchInterval: (q) => (running(q.state.data) ? 700 : false) });
}

export function useChanges(id: number | undefined, done: boolean) {
  return useQuery({ queryKey: ['backtest-changes', id], queryFn: () => unwrap<Page<BacktestChange>>(api.GET('/backtests/{id}/changes', { params: { path: { id: id ?? 0 }, query: { limit: 8 } } })), enabled: id !== undefined && done });
}

export function useFresh() {
  const client = useQueryClient();
  return () => { for (const key of ['policy', 'rules', 'versions', 'backtest', 'review-statistics', 'me', 'accounts', 'workspace']) void client.invalidateQueries({ queryKey: [key] }); };
}

export const previewDays = 30;

const ask = (id: number) => unwrap<Backtest>(api.POST('/versions/{id}/backtests', { params: { path: { id } }, body: { since: new Date(Date.now() - previewDays * 86_400_000).toISOString() } }));

/** Keeps a document as a draft and holds it against the last thirty days, in the background. */
export function usePreview() {
  const fresh = useFresh();
  const [found, setFound] = useState<{ version: number; backtest: number }>();
  const start = useMutation({
    mutationFn: async ({ kind, document }: { kind: Kind; document: unknown }) => {
      const version = await unwrap<VersionDetail>(api.POST('/versions', { body: { kind, document } }));
      const open = version.backtests.find(running);
      const backtest = open ?? (await ask(version.id));
      return { version: version.id, backtest: backtest.id };
    },
    onSuccess: setFound,
    onSettled: fresh,
  });
  return { start, found, forget: () => setFound(undefined) };
}

export function useAgain() {
  return useMutation({ mutationFn: ask, onSettled: useFresh() });
}

export function useCancel() {
  return useMutation({ mutationFn: (id: number) => unwrap<Backtest>(api.POST('/backtests/{id}/cancel', { params: { path: { id } }, body: {} })), onSettled: useFresh() });
}

export function useMove() {
  return useMutation({ mutationFn: ({ id, state, reason }: { id: number; state: Version['state']; reason: string }) => unwrap<VersionDetail>(api.POST('/versions/{id}/state', { params: { path: { id } }, body: { state, ...(reason ? { reason } : {}) } })), onSettled: useFresh() });
}

export function useSavePolicy() {
  return useMutation({ mutationFn: (policy: Policy) => unwrap<Policy>(api.PUT('/policy', { body: policy })), onSettled: useFresh() });
}

export function useSaveRule() {
  return useMutation({ mutationFn: ({ id, rule }: { id: number; rule: Rule }) => (id ? unwrap<RuleDetail>(api.PUT('/rules/{id}', { params: { path: { id } }, body: rule })) : unwrap<RuleDetail>(api.POST('/rules', { body: rule }))), onSettled: useFresh() });
}

export function useRemoveRule() {
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/rules/{id}', { params: { path: { id } } })), onSettled: useFresh() });
}

export function useSwitchRule() {
  return useMutation({ mutationFn: (body: { name: string; on: boolean }) => unwrap(api.POST('/rules/switch', { body })), onSettled: useFresh() });
}
