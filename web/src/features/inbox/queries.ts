import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Conversation, ConversationDetail, Member, Message, Outgoing, Page, QuickReply, TemplateOffers } from '@/api/types';
import { drafts } from './talk';

export const views = ['waiting', 'mine', 'team', 'unassigned', 'overdue', 'snoozed', 'spam', 'all'] as const;
export type View = (typeof views)[number];

export interface Filters { view: View; state?: 'resolved' | undefined; channel?: string | undefined; team?: string | undefined; label?: string | undefined; q?: string | undefined }

export function useConversations(f: Filters) {
  return useInfiniteQuery({
    queryKey: ['conversations', f],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      unwrap<Page<Conversation>>(
        api.GET('/conversations', {
          params: { query: { view: f.view, limit: 50, ...(f.view === 'all' && !f.state && f.q ? {} : { state: f.state ?? 'open' }), ...(f.channel ? { channel: f.channel } : {}), ...(f.team ? { team: f.team } : {}), ...(f.label ? { label: f.label } : {}), ...(f.q ? { q: f.q } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (last) => last.next || undefined,
  });
}

export function useConversation(id: number) {
  return useQuery({ queryKey: ['conversation', id], queryFn: () => unwrap<ConversationDetail>(api.GET('/conversations/{id}', { params: { path: { id } } })) });
}

function refresh(client: ReturnType<typeof useQueryClient>, id: number) {
  for (const queryKey of [['conversation', id], ['messages', id], ['conversations'], ['overview']]) void client.invalidateQueries({ queryKey });
}

/** What was sent is no draft any more, here and on the server. */
function forgetSent(id: number, text: string) {
  if (!text || drafts.get(id).trim() !== text) return;
  drafts.set(id, '');
  void api.PUT('/conversations/{id}/draft', { params: { path: { id } }, body: { text: '' } }).catch(() => undefined);
}

export function useSend(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Outgoing) => unwrap<Message>(api.POST('/conversations/{id}/messages', { params: { path: { id } }, body })),
    // Also where another conversation is open by now: else it would stand there as if it had not been sent.
    onSuccess: (_, body) => forgetSent(id, body.text),
    onSettled: () => refresh(client, id),
  });
}

export type Step = 'take-over' | 'return-to-bot' | 'resolve' | 'reopen' | 'spam' | 'not-spam';

export function useStep(id: number) {
  const client = useQueryClient();
  const init = { params: { path: { id } }, body: {} };
  return useMutation({
    mutationFn: (step: Step) => {
      switch (step) {
        case 'take-over': return unwrap(api.POST('/conversations/{id}/take-over', init));
        case 'return-to-bot': return unwrap(api.POST('/conversations/{id}/return-to-bot', init));
        case 'resolve': return unwrap(api.POST('/conversations/{id}/resolve', init));
        case 'reopen': return unwrap(api.POST('/conversations/{id}/reopen', init));
        case 'spam': return unwrap(api.POST('/conversations/{id}/spam', init));
        case 'not-spam': return unwrap(api.POST('/conversations/{id}/not-spam', init));
      }
    },
    onSettled: () => refresh(client, id),
  });
}

export function useAssign(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ user, team, note }: { user: number | null; team?: string; note?: string }) => unwrap(api.POST('/conversations/{id}/assign', { params: { path: { id } }, body: { user_id: user, ...(team === undefined ? {} : { team }), ...(note ? { note } : {}) } })),
    onSettled: () => { refresh(client, id); void client.invalidateQueries({ queryKey: ['teams'] }); },
  });
}

export function useMembers() {
  return useQuery({ queryKey: ['members'], staleTime: 60_000, queryFn: () => unwrap<Page<Member>>(api.GET('/members')) });
}

export function useLabels(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (labels: string[]) => unwrap(api.POST('/conversations/{id}/labels', { params: { path: { id } }, body: { labels } })),
    onSettled: () => refresh(client, id),
  });
}

export function useMarkRead() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => unwrap(api.POST('/conversations/{id}/read', { params: { path: { id } }, body: {} })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['conversations'] }),
  });
}

export function useDismiss(onError: () => void) {
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/suggestions/{id}/dismiss', { params: { path: { id } }, body: {} })), onError });
}

export function useQuickReplies() {
  return useQuery({ queryKey: ['quick-replies'], staleTime: 60_000, queryFn: () => unwrap<Page<QuickReply>>(api.GET('/quick-replies')) });
}

/** What could go to this person by template now; asked anew each time, because the gate's answer changes. */
export function useTemplateOffers(id: number) {
  return useQuery({ queryKey: ['templates', 'offers', id], gcTime: 0, queryFn: () => unwrap<TemplateOffers>(api.GET('/conversations/{id}/templates', { params: { path: { id } } })) });
}
