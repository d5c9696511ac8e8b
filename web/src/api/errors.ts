import { stated, type Statement } from '@/i18n/statement';

/** An RFC 9457 problem as the server sends it. */
export interface Problem {
  title?: string;
  status?: number;
  detail?: string;
  kind?: string;
  code?: string;
  parts?: Statement[] | null;
  errors?: { message?: string; location?: string; parts?: Statement[] | null }[] | null;
}

/** A call that failed; status 0 means that no answer came at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly kind: string;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail || problem.title || '');
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.kind = problem.kind ?? kindOf(status);
  }

  /** The message about one input field in the reader’s language, where the server gave one. */
  field(name: string): string | undefined {
    const found = this.problem.errors?.find((e) => e.location === name || e.location === `body.${name}`);
    return found && stated(found.parts, found.message ?? '');
  }
}

function kindOf(status: number): string {
  if (status === 0) return 'offline';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 409) return 'conflict';
  if (status === 429) return 'too_many';
  if (status === 503) return 'unavailable';
  return status >= 500 ? 'internal' : 'invalid';
}

/** The kind of any thrown value. */
export function errorKind(error: unknown): string {
  return error instanceof ApiError ? error.kind : 'internal';
}
