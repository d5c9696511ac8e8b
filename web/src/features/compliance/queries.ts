import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { ComplianceItem, Page } from '@/api/types';

export type View = 'open' | 'resolved';

export function useCompliance(state: View) {
  return useQuery({ queryKey: ['compliance', state], queryFn: () => unwrap<Page<ComplianceItem>>(api.GET('/compliance', { params: { query: { state } } })) });
}

export function useResolve() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, resolution }: { id: number; resolution: string }) => unwrap(api.POST('/compliance/{id}/resolve', { params: { path: { id } }, body: { resolution } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['compliance'] }),
  });
}
