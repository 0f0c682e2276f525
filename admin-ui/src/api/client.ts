import i18next from 'i18next';
import createClient, { type Middleware } from 'openapi-fetch';
import { ApiError, refusal } from './problem';
import type { components, paths } from './schema';

export type Schema = components['schemas'];

/** An answer with the version that a change of it must name. */
export interface Versioned<T> {
  value: T;
  etag: string;
}

type Listener = (error: ApiError) => void;
let unauthenticated: Listener = () => undefined;

/** Who hears that the session is over. The latest wins: there is one shell. */
export function onUnauthenticated(listener: Listener): void {
  unauthenticated = listener;
}

const middleware: Middleware = {
  onRequest({ request }) {
    // The server picks words of verbs and activities by it.
    if (i18next.language) request.headers.set('Accept-Language', i18next.language);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return undefined;
    const error = await refusal(response);
    if (error.status === 401) unauthenticated(error);
    throw error;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    return new ApiError({ detail: error instanceof Error ? error.message : '' }, 0);
  },
};

// fetch is looked up at each call, so that a test can stand in for the server.
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => globalThis.fetch(request),
});
api.use(middleware);

/** What the server answered; a refusal is thrown as ApiError (by the middleware). Where there is nothing to say, undefined. */
export async function call<T>(answer: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data } = await answer;
  return data as T;
}

export async function versioned<T>(answer: Promise<{ data?: T; response: Response }>): Promise<Versioned<T>> {
  const { data, response } = await answer;
  return { value: data as T, etag: response.headers.get('ETag') ?? '' };
}

/** A key for a create: the same for each try of one dialog, so that a lost answer does not create twice. */
export function onceKey(): string {
  return crypto.randomUUID();
}
