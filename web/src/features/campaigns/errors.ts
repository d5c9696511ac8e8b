import { ApiError } from '@/api/errors';

/** What the server says about a field, where it refused the form. */
export function fieldError(error: unknown, field: string): string | undefined {
  return error instanceof ApiError ? error.field(field) : undefined;
}
