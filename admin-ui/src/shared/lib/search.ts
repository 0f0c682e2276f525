import * as z from 'zod/mini';

/** Text in the URL. The router reads what looks like JSON as JSON, a number or an agent for example: it becomes text again. */
export const text = z.optional(
  z.pipe(
    z.unknown(),
    z.transform((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
  ),
);

/** A switch in the URL; anything but true is off. */
export const flag = z.optional(z.catch(z.boolean(), false));
