import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from './client';
import type { ContactDetail, DescribeInput } from './types';

export function usePerson(id: number | undefined) {
  return useQuery({ queryKey: ['contact', id], enabled: id !== undefined, queryFn: () => unwrap<ContactDetail>(api.GET('/contacts/{id}', { params: { path: { id: id ?? 0 } } })) });
}

/** Changes what is known of a person; what is left out stays. */
export function useDescribe(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: DescribeInput) => unwrap<ContactDetail>(api.PUT('/contacts/{id}', { params: { path: { id } }, body })),
    onSuccess: (c) => client.setQueryData(['contact', id], c),
    onSettled: () => { for (const key of ['conversation', 'conversations', 'contact', 'contacts', 'labels']) void client.invalidateQueries({ queryKey: [key] }); },
  });
}
