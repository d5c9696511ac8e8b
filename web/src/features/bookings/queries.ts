import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Booking, Page, Service, ServiceInput } from '@/api/types';

export function useBookings(from: string, to: string) {
  return useQuery({ queryKey: ['bookings', from, to], queryFn: () => unwrap<Page<Booking>>(api.GET('/bookings', { params: { query: { from, to } } })) });
}

export function useFree(service: number | undefined, after: string) {
  return useQuery({ queryKey: ['services', service, 'free', after], enabled: service !== undefined, queryFn: () => unwrap<{ time_zone: string; times: string[] }>(api.GET('/services/{id}/free', { params: { path: { id: service ?? 0 }, query: { after, limit: 40 } } })) });
}

function useStale() {
  const client = useQueryClient();
  return () => Promise.all([client.invalidateQueries({ queryKey: ['bookings'] }), client.invalidateQueries({ queryKey: ['services'] })]);
}

export function useBook() {
  const stale = useStale();
  return useMutation({ mutationFn: (body: { service_id: number; starts_at: string; contact_id?: number; name: string; note: string }) => unwrap<Booking>(api.POST('/bookings', { body })), onSettled: stale });
}

export function useMove() {
  const stale = useStale();
  return useMutation({ mutationFn: ({ id, starts_at }: { id: number; starts_at: string }) => unwrap<Booking>(api.POST('/bookings/{id}/move', { params: { path: { id } }, body: { starts_at } })), onSettled: stale });
}

export function useCancel() {
  const stale = useStale();
  return useMutation({ mutationFn: (id: number) => unwrap<Booking>(api.POST('/bookings/{id}/cancel', { params: { path: { id } } })), onSettled: stale });
}

export function useSaveService(id: number | undefined) {
  const stale = useStale();
  return useMutation({ mutationFn: (body: ServiceInput) => (id === undefined ? unwrap<Service>(api.POST('/services', { body })) : unwrap<Service>(api.PUT('/services/{id}', { params: { path: { id } }, body }))), onSuccess: stale });
}

export function useRemoveService() {
  const stale = useStale();
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/services/{id}', { params: { path: { id } } })), onSettled: stale });
}
