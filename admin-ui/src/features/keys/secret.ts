import type { Schema } from '@/api/client';

/** UTF-8 text in base64, for HTTP Basic. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

export const basicHeader = (user: string, secret: string) => `Authorization: Basic ${base64(`${user}:${secret}`)}`;

/** A command that sends a first statement; its words say that it is a trial. */
export function curl(origin: string, user: string, secret: string): string {
  const statement = {
    actor: { name: 'First test', mbox: 'mailto:first-test@example.com' },
    verb: { id: 'http://adlnet.gov/expapi/verbs/experienced', display: { en: 'experienced' } },
    object: { id: 'https://example.com/first-test', definition: { name: { en: 'First test' } } },
  };
  return [
    `curl ${origin}/xapi/statements \\`,
    `  -u '${user}:${secret}' \\`,
    `  -H 'X-Experience-API-Version: 1.0.3' \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${JSON.stringify(statement)}'`,
  ].join('\n');
}

/** Whether a key could send that statement. */
export const writes = (scopes: Schema['Scope'][]) => scopes.includes('statements/write') || scopes.includes('all');
