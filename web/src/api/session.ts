import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from './client';
import type { Me, Permission } from './types';

/** Half-written replies stay in the browser for whoever wrote them; the next one to sign in finds none of them. */
export function keepOnlyFor(user: number): void {
  const before = localStorage.getItem('ponte.user');
  if (before !== null && before !== String(user)) Object.keys(localStorage).filter((k) => k.startsWith('ponte.draft.')).forEach((k) => localStorage.removeItem(k));
  localStorage.setItem('ponte.user', String(user));
}

/** Who is signed in; fails with 401 where nobody is. */
export function useMe() {
  return useQuery({
    queryKey: ['me'],
    queryFn: async () => {
      const me = await unwrap<Me>(api.GET('/me'));
      keepOnlyFor(me.user.id);
      return me;
    },
    staleTime: 60_000,
    retry: false,
  });
}

/** Whether the member's role allows it; the server decides, this only spares a refusal. */
export function useCan(permission: Permission): boolean {
  return useMe().data?.permissions.includes(permission) ?? false;
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.POST('/auth/sign-out', { body: {} })),
    onSettled: () => { client.clear(); window.location.assign('/'); },
  });
}
