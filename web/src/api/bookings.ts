import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from './client';
import type { Booking, Page, Service } from './types';

export function useServices() {
  return useQuery({ queryKey: ['services'], queryFn: () => unwrap<Page<Service>>(api.GET('/services')) });
}

/** A person's bookings of the last month and of the year to come. They are asked for from midnight, so that all day the question is the same. */
export function usePersonBookings(contact: number) {
  const midnight = new Date().setUTCHours(0, 0, 0, 0);
  const from = (days: number) => new Date(midnight + days * 86_400_000).toISOString();
  return useQuery({ queryKey: ['bookings', 'of', contact, midnight], queryFn: () => unwrap<Page<Booking>>(api.GET('/bookings', { params: { query: { contact_id: contact, from: from(-30), to: from(366), cancelled: true } } })) });
}
