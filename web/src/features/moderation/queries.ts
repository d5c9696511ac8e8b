import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { components } from '@/api/schema.gen';
import type { Comment, CommentDetail, Page, Verdict } from '@/api/types';
import { agedBetween } from './flow';

type Tier = Verdict['tier'];

export interface Filters { queue?: 'all' | undefined; state?: string | undefined; account?: number | undefined; post?: number | undefined; contact?: number | undefined; language?: string | undefined; category?: string | undefined; tier?: string | undefined; sure?: string | undefined; age?: string | undefined; by?: string | undefined; after?: string | undefined; q?: string | undefined }

export function useComments(f: Filters) {
  return useInfiniteQuery({
    queryKey: ['comments', f],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      unwrap<Page<Comment>>(
        api.GET('/comments', {
          params: {
            query: {
              queue: f.queue ?? 'open',
              limit: 50,
              ...(pageParam ? { cursor: pageParam } : {}),
              ...(f.state ? { state: f.state } : {}),
              ...(f.account ? { account_id: f.account } : {}),
              ...(f.post ? { post_id: f.post } : {}),
              ...(f.contact ? { contact_id: f.contact } : {}),
              ...(f.language ? { language: f.language } : {}),
              ...(f.category ? { category: f.category } : {}),
              ...(f.tier ? { tier: f.tier as Tier } : {}),
              ...(f.sure ? { confidence: f.sure as 'low' | 'high' } : {}),
              ...(f.by ? { by: f.by as 'machine' | 'person' } : {}),
              ...(f.after ? { after: f.after } : {}),
              ...agedBetween(f.age, Date.now()),
              ...(f.q ? { q: f.q } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (last) => last.next || undefined,
  });
}

export function useComment(id: number) {
  return useQuery({ queryKey: ['comment', id], queryFn: () => unwrap<CommentDetail>(api.GET('/comments/{id}', { params: { path: { id } } })) });
}

/** What of a comment must be known to decide it, and to take that back. */
export type Decided = Pick<Comment, 'id' | 'review'>;
export type Verb = 'approve' | 'hide' | 'unhide' | 'delete' | 'undo';

/** What a comment is, as whoever removes it says. */
export type Category = NonNullable<components['schemas']['DecideInBody']['category']>;

async function act(verb: Verb, comment: Decided, category?: Category): Promise<Comment> {
  const path = { params: { path: { id: comment.id } } };
  const body = { ...(comment.review && verb !== 'undo' ? { review_id: comment.review.id } : {}), ...(category && (verb === 'hide' || verb === 'delete') ? { category } : {}) };
  switch (verb) {
    case 'approve': return unwrap<Comment>(api.POST('/comments/{id}/approve', { ...path, body }));
    case 'hide': return unwrap<Comment>(api.POST('/comments/{id}/hide', { ...path, body }));
    case 'unhide': return unwrap<Comment>(api.POST('/comments/{id}/unhide', { ...path, body }));
    case 'delete': return unwrap<Comment>(api.POST('/comments/{id}/delete', { ...path, body }));
    case 'undo': return unwrap<Comment>(api.POST('/comments/{id}/undo', { ...path, body: {} }));
  }
}

/** Does one thing to one comment and refreshes what shows it. */
export function useAct() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, comment, category }: { verb: Verb; comment: Decided; category?: Category }) => act(verb, comment, category),
    onSettled: (_data, _error, { comment }) => {
      void client.invalidateQueries({ queryKey: ['comments'] });
      void client.invalidateQueries({ queryKey: ['comment', comment.id] });
      void client.invalidateQueries({ queryKey: ['overview'] });
    },
  });
}

export function useAnswer() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, text, way }: { id: number; text: string; way: 'public' | 'private' }) => {
      const init = { params: { path: { id } }, body: { text } };
      return way === 'public' ? unwrap<Comment>(api.POST('/comments/{id}/reply', init)) : unwrap<Comment>(api.POST('/comments/{id}/private-reply', init));
    },
    onSettled: (_d, _e, { id }) => client.invalidateQueries({ queryKey: ['comment', id] }),
  });
}

export function usePass() {
  return useMutation({ mutationFn: (id: number) => unwrap<{ conversation_id: number }>(api.POST('/comments/{id}/pass', { params: { path: { id } }, body: {} })) });
}

/** Lays an item down that was not decided, so that a colleague can take it at once. */
export function useRelease() {
  return useMutation({ mutationFn: (review: number) => unwrap(api.POST('/reviews/{id}/release', { params: { path: { id: review } }, body: {} })) });
}

/** Takes the item so that two people do not decide it at once; losing the race is told by the server. */
export function useClaim() {
  return useMutation({ mutationFn: (review: number) => unwrap(api.POST('/reviews/{id}/claim', { params: { path: { id: review } }, body: {} })) });
}
