import type { Booking, Service } from '@/api/types';

/** A service by its name in the reader's language, else in English, else in any it has. */
export const titleOf = (s: Service, language: string) => s.name[language] ?? s.name['en'] ?? Object.values(s.name)[0] ?? s.key;

/** The service of a booking by its name; by its key where the service has been removed. */
export function serviceOf(b: Booking, services: Service[] | undefined, language: string): string {
  const service = services?.find((s) => s.id === b.service_id);
  return service ? titleOf(service, language) : b.service_key;
}
