import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { NewWebhookEndpoint, Page, WebhookEndpoint, WebhookEndpointInput, WebhookSend } from '@/api/types';

export function useEndpoints() {
  return useQuery({ queryKey: ['webhook-endpoints'], queryFn: () => unwrap<Page<WebhookEndpoint>>(api.GET('/webhook-endpoints')), refetchInterval: (q) => (q.state.data?.items.some((e) => e.waiting > 0) ? 3000 : 30_000) });
}

/** What was sent to an endpoint, the newest first; read again soon while something is under way. */
export function useSends(id: number) {
  return usePaged<WebhookSend>(['webhook-sends', id], (cursor) => unwrap<Page<WebhookSend>>(api.GET('/webhook-endpoints/{id}/sends', { params: { path: { id }, query: { limit: 30, ...(cursor ? { before: Number(cursor) } : {}) } } })));
}

function useFresh() {
  const client = useQueryClient();
  return () => { for (const key of ['webhook-endpoints', 'webhook-sends']) void client.invalidateQueries({ queryKey: [key] }); };
}

export function useAddEndpoint() {
  const onSuccess = useFresh();
  return useMutation({ mutationFn: (body: WebhookEndpointInput) => unwrap<NewWebhookEndpoint>(api.POST('/webhook-endpoints', { body })), onSuccess });
}

export function useSetEndpoint() {
  const onSuccess = useFresh();
  return useMutation({ mutationFn: ({ id, body }: { id: number; body: WebhookEndpointInput }) => unwrap<WebhookEndpoint>(api.PUT('/webhook-endpoints/{id}', { params: { path: { id } }, body })), onSuccess });
}

export function usePauseEndpoint() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: ({ id, pause }: { id: number; pause: boolean }) => unwrap(api.POST('/webhook-endpoints/{id}/pause', { params: { path: { id } }, body: { pause } })), onSettled });
}

export function useRotateSecret() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap<NewWebhookEndpoint>(api.POST('/webhook-endpoints/{id}/secret', { params: { path: { id } }, body: {} })), onSettled });
}

export function useTestEndpoint() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap<WebhookSend>(api.POST('/webhook-endpoints/{id}/test', { params: { path: { id } }, body: {} })), onSettled });
}

export function useRemoveEndpoint() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/webhook-endpoints/{id}', { params: { path: { id } } })), onSettled });
}

export function useResend() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap<WebhookSend>(api.POST('/webhook-sends/{id}/resend', { params: { path: { id } }, body: {} })), onSettled });
}
