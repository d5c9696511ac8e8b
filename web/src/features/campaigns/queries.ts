import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { Campaign, CampaignInput, DryRun, DryRunResult, Page, Post, Template, Trigger, TriggerInput, TriggerWindow, WordCheck } from '@/api/types';
import type { Draft } from './model';
import { toInput } from './model';

export function useTriggers() {
  return useQuery({ queryKey: ['triggers'], queryFn: () => unwrap<Page<Trigger>>(api.GET('/triggers')) });
}

export function useTrigger(id: number | undefined) {
  return useQuery({ queryKey: ['triggers', id], enabled: id !== undefined, queryFn: () => unwrap<Trigger>(api.GET('/triggers/{id}', { params: { path: { id: id ?? 0 } } })) });
}

/** Triggers and campaigns count each other's rows, so a change of one makes both stale. */
function useStale() {
  const client = useQueryClient();
  return () => Promise.all([client.invalidateQueries({ queryKey: ['triggers'] }), client.invalidateQueries({ queryKey: ['campaigns'] })]);
}

export function useSaveTrigger(id: number | undefined) {
  const stale = useStale();
  return useMutation({
    mutationFn: ({ body, revision }: { body: TriggerInput; revision: number }) => (id === undefined ? unwrap<Trigger>(api.POST('/triggers', { body })) : unwrap<Trigger>(api.PUT('/triggers/{id}', { params: { path: { id } }, body: { ...body, revision } }))),
    onSuccess: stale,
  });
}

export function useTriggerState() {
  const stale = useStale();
  return useMutation({
    mutationFn: ({ id, state }: { id: number; state: Trigger['state'] }) => unwrap<Trigger>(api.POST('/triggers/{id}/state', { params: { path: { id } }, body: { state } })),
    onSettled: stale,
  });
}

export function useDuplicateTrigger() {
  const stale = useStale();
  return useMutation({ mutationFn: (id: number) => unwrap<Trigger>(api.POST('/triggers/{id}/duplicate', { params: { path: { id } }, body: {} })), onSuccess: stale });
}

export function useTriggerWindows(id: number | undefined) {
  return useQuery({ queryKey: ['triggers', id, 'windows'], enabled: id !== undefined, queryFn: () => unwrap<Page<TriggerWindow>>(api.GET('/triggers/{id}/windows', { params: { path: { id: id ?? 0 } } })) });
}

export function useCampaigns() {
  return useQuery({ queryKey: ['campaigns'], queryFn: () => unwrap<Page<Campaign>>(api.GET('/campaigns')) });
}

export function useCampaign(id: number) {
  return useQuery({ queryKey: ['campaigns', id], queryFn: () => unwrap<Campaign>(api.GET('/campaigns/{id}', { params: { path: { id } } })) });
}

export function useSaveCampaign(id: number | undefined) {
  const stale = useStale();
  return useMutation({
    mutationFn: ({ body, revision }: { body: CampaignInput; revision: number }) => (id === undefined ? unwrap<Campaign>(api.POST('/campaigns', { body })) : unwrap<Campaign>(api.PUT('/campaigns/{id}', { params: { path: { id } }, body: { ...body, revision } }))),
    onSuccess: stale,
  });
}

export function useCampaignState() {
  const stale = useStale();
  return useMutation({
    mutationFn: ({ id, state }: { id: number; state: Campaign['state'] }) => unwrap<Campaign>(api.POST('/campaigns/{id}/state', { params: { path: { id } }, body: { state } })),
    onSettled: stale,
  });
}

export function useDuplicateCampaign() {
  const stale = useStale();
  return useMutation({ mutationFn: (id: number) => unwrap<Campaign>(api.POST('/campaigns/{id}/duplicate', { params: { path: { id } }, body: {} })), onSuccess: stale });
}

/** The bundle as a file, for whoever asks what went out and by what right. */
export function useEvidence() {
  return useMutation({ mutationFn: (id: number) => unwrap<unknown>(api.GET('/campaigns/{id}/evidence', { params: { path: { id } } })) });
}

export function useTemplateNames() {
  return useQuery({ queryKey: ['templates', 'names'], staleTime: 60_000, queryFn: () => unwrap<Page<Template>>(api.GET('/templates')) });
}

export function usePosts() {
  return useQuery({ queryKey: ['posts'], staleTime: 60_000, queryFn: () => unwrap<Page<Post>>(api.GET('/posts', { params: { query: { limit: 100 } } })) });
}

/** Which of the newest comments the draft's words meet; asked again as they change. */
export function useWordCheck(draft: Pick<Draft, 'sources' | 'intents' | 'account_ids' | 'post_ids' | 'hashtags' | 'by'>, enabled: boolean) {
  const { sources, intents, account_ids, post_ids, hashtags } = draft;
  const body = { sources, intents, account_ids, post_ids, hashtags, keywords: toInput({ ...emptyTimes, ...draft }).keywords };
  return useQuery({ queryKey: ['word-check', body], enabled, placeholderData: keepPreviousData, staleTime: 30_000, queryFn: () => unwrap<WordCheck>(api.POST('/trigger-check', { body })) });
}

const emptyTimes = { revision: 0, name: '', priority: 0, starts_at: '', ends_at: '', handoff_account_id: null, valid_minutes: 60, campaign_id: null, once: 'post' as const, delay_seconds: 0, jitter_seconds: 0, per_hour: 0, per_day: 0, schedule: { kind: 'always' as const, days: [], time: '09:00', minutes: 60, cron: '' }, zone: 'UTC' };

/** The next windows of a recurrence, on the workspace's clock. */
export function useNextWindows(recurrence: string, minutes: number, starts: string | null, ends: string | null) {
  const body = { recurrence, duration_minutes: minutes, ...(starts ? { starts_at: starts } : {}), ...(ends ? { ends_at: ends } : {}) };
  return useQuery({ queryKey: ['next-windows', body], enabled: recurrence !== '', retry: false, placeholderData: keepPreviousData, queryFn: () => unwrap<Page<TriggerWindow>>(api.POST('/recurrence-preview', { body })) });
}

export function useStartDryRun() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, trigger, days, anyTime }: { id: number | undefined; trigger: TriggerInput; days: number; anyTime: boolean }) =>
      unwrap<DryRun>(api.POST('/dry-runs', { body: { trigger, since: new Date(Date.now() - days * 86_400_000).toISOString(), any_time: anyTime, ...(id === undefined ? {} : { trigger_id: id }) } })),
    onSuccess: (run) => client.setQueryData(['dry_runs', run.id], run),
  });
}

export function useDryRun(id: number | undefined) {
  return useQuery({
    queryKey: ['dry_runs', id],
    enabled: id !== undefined,
    refetchInterval: (q) => (q.state.data && ['queued', 'running'].includes(q.state.data.state) ? 1000 : false),
    queryFn: () => unwrap<DryRun>(api.GET('/dry-runs/{id}', { params: { path: { id: id ?? 0 } } })),
  });
}

export function useCancelDryRun() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap<DryRun>(api.POST('/dry-runs/{id}/cancel', { params: { path: { id } } })), onSuccess: (run) => client.setQueryData(['dry_runs', run.id], run) });
}

export function useDryRunResults(id: number, code: string, worked: number) {
  return usePaged<DryRunResult>(['dry_runs', id, 'results', code, Math.min(worked, 500)], (cursor) => unwrap<Page<DryRunResult>>(api.GET('/dry-runs/{id}/results', { params: { path: { id }, query: { code, cursor, limit: 25 } } })));
}
