import type { components } from './schema';

type Problem = components['schemas']['Problem'];

/** Why the server refused (RFC 9457), or why it was not reached: then status is 0 and code is 'unreachable'. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: Problem['code'] | 'unreachable';
  readonly requestId: string;
  readonly violations: readonly { path: string; rule: string }[];
  /** Seconds after which to try again, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor(problem: Partial<Problem>, status: number, retryAfter?: number) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'unreachable' : 'internal');
    this.requestId = problem.requestId ?? '';
    this.violations = problem.violations ?? [];
    this.retryAfter = retryAfter;
  }

  /** The rule that a field of a form breaks: pointer is its place in the body, as /name. */
  violation(pointer: string): string | undefined {
    return this.violations.find((v) => v.path === pointer || v.path.startsWith(`${pointer}/`))?.rule;
  }
}

/** Reads a refusal; proxies in between may answer with something that is no problem document. */
export async function refusal(response: Response): Promise<ApiError> {
  const after = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  const seconds = Number.isNaN(after) ? undefined : after;
  const fallback = { title: response.statusText, requestId: response.headers.get('X-Request-Id') ?? '' };
  if (!(response.headers.get('Content-Type') ?? '').includes('json'))
    return new ApiError(fallback, response.status, seconds);
  try {
    const body: unknown = await response.json();
    const problem = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
    return new ApiError({ ...fallback, ...problem }, response.status, seconds);
  } catch {
    return new ApiError(fallback, response.status, seconds);
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({ detail: error instanceof Error ? error.message : String(error) }, 0);
}
