import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { BotFlowDetail, FlowChange, FlowCheck, FlowStart, Page, Played, PlayMove, ShippedFlow, FlowRun, FlowSecret } from '@/api/types';

export function useFlow(id: number) {
  return useQuery({ queryKey: ['flows', id], queryFn: () => unwrap<BotFlowDetail>(api.GET('/flows/{id}', { params: { path: { id } } })) });
}

export function useShipped(enabled: boolean) {
  return useQuery({ queryKey: ['flow-library'], enabled, staleTime: Infinity, queryFn: () => unwrap<Page<ShippedFlow>>(api.GET('/flow-library')) });
}

/** Every change answers with the flow as it is then. */
function useChange<V>(id: number | undefined, change: (v: V) => Promise<BotFlowDetail>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (f) => { client.setQueryData(['flows', f.id], f); },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['flows'], exact: true }), ...(id ? [client.invalidateQueries({ queryKey: ['flows', id, 'diff'] })] : [])]),
  });
}

export function useAddFlow() {
  return useChange(undefined, (document: string) => unwrap<BotFlowDetail>(api.POST('/flows', { body: { document } })));
}

export function useSaveFlow(id: number) {
  return useChange(id, (body: { document: string; revision: number }) => unwrap<BotFlowDetail>(api.PUT('/flows/{id}', { params: { path: { id } }, body })));
}

export function usePublish(id: number) {
  return useChange(id, (body: { revision: number; note: string }) => unwrap<BotFlowDetail>(api.POST('/flows/{id}/publish', { params: { path: { id } }, body })));
}

export function useLive(id: number) {
  return useChange(id, (number: number) => unwrap<BotFlowDetail>(api.POST('/flows/{id}/live', { params: { path: { id } }, body: { number } })));
}

export function useStarts(id: number) {
  return useChange(id, (starts: FlowStart[]) => unwrap<BotFlowDetail>(api.PUT('/flows/{id}/starts', { params: { path: { id } }, body: { starts } })));
}

export function useArchive(id: number) {
  const client = useQueryClient();
  return useMutation({ mutationFn: () => unwrap(api.POST('/flows/{id}/archive', { params: { path: { id } } })), onSuccess: () => client.invalidateQueries({ queryKey: ['flows'] }) });
}

export function useCheck(document: string, enabled: boolean) {
  return useQuery({ queryKey: ['flow-check', document], enabled, staleTime: Infinity, gcTime: 60_000, placeholderData: (before: FlowCheck | undefined) => before, queryFn: () => unwrap<FlowCheck>(api.POST('/flow-check', { body: { document } })) });
}

export function useDiff(id: number, from: number, to: number, enabled: boolean) {
  return useQuery({ queryKey: ['flows', id, 'diff', from, to], enabled, queryFn: () => unwrap<{ changes: FlowChange[] }>(api.GET('/flows/{id}/diff', { params: { path: { id }, query: { from, to } } })) });
}

export function usePlay(id: number, document: string, language: string, moves: PlayMove[], enabled: boolean) {
  return useQuery({
    queryKey: ['flow-play', id, document, language, moves],
    enabled,
    retry: false,
    staleTime: Infinity,
    gcTime: 60_000,
    placeholderData: (before: Played | undefined) => before,
    queryFn: () => unwrap<Played>(api.POST('/flows/{id}/play', { params: { path: { id } }, body: { document, language, moves } })),
  });
}

export interface RunFilter { ended: boolean; flow: string }

/** People inside flows, or who left them; the newest first. */
export function useRuns({ ended, flow }: RunFilter) {
  return usePaged<FlowRun>(['flow_runs', ended, flow], (cursor) => unwrap<Page<FlowRun>>(api.GET('/flow-runs', { params: { query: { state: ended ? 'ended' : 'open', limit: 50, ...(flow ? { flow } : {}), ...(cursor ? { before: Number(cursor) } : {}) } } })));
}

export function useEndRun() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/flow-runs/{id}/end', { params: { path: { id } }, body: {} })), onSettled: () => { for (const key of ['flow_runs', 'flows']) void client.invalidateQueries({ queryKey: [key] }); } });
}

export function useSecrets(enabled: boolean) {
  return useQuery({ enabled, queryKey: ['flow-secrets'], queryFn: () => unwrap<Page<FlowSecret>>(api.GET('/flow-secrets')) });
}

export function useSetSecret() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: { name: string; value?: string; hosts: string[] }) => unwrap(api.POST('/flow-secrets', { body })), onSuccess: () => client.invalidateQueries({ queryKey: ['flow-secrets'] }) });
}

export function useRemoveSecret() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (name: string) => unwrap(api.POST('/flow-secrets/remove', { body: { name } })), onSettled: () => client.invalidateQueries({ queryKey: ['flow-secrets'] }) });
}
