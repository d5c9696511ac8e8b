import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from './client';
import type { Me, Permission } from './types';

/** Who is signed in; fails with 401 where nobody is. */
export function useMe() {
  return useQuery({ queryKey: ['me'], queryFn: () => unwrap<Me>(api.GET('/me')), staleTime: 60_000, retry: false });
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
