import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from './client';
import type { BusinessHours, Page } from './types';

/** When somebody is there, for the workspace and for accounts with hours of their own. */
export function useHours() {
  return useQuery({ queryKey: ['hours'], queryFn: () => unwrap<Page<BusinessHours>>(api.GET('/hours')) });
}

export function useSaveHours() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: BusinessHours) => unwrap<BusinessHours>(api.PUT('/hours', { body })), onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ['hours'] }), client.invalidateQueries({ queryKey: ['services'] })]) });
}
